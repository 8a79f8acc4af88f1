"""Which private networks (VPCs) a host is attached to: kept beside its disk, plugged in at every boot and while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sandbox import switch
from sandbox.host.model import Place, Port
from sandbox.host.run import read_json, write_json


def attached(place: Place) -> list[Port]:
    """The host's ports, those that came first at the front."""
    return [Port(**port) for port in read_json(place.ports).get("ports", [])]


def keep(place: Place, ports: Sequence[Port]) -> None:
    """Remember them for the next boot."""
    write_json(place.ports, {"ports": [asdict(port) for port in ports]})


def change(place: Place, pid: int | None, wanted: Sequence[Port]) -> None:
    """Make the host's ports these: cables of a host that runs (`pid` is its systemd's) are changed at once."""
    present = attached(place)
    # Written first: a boot that comes in between has what is wanted.
    keep(place, wanted)
    switch.unplug(place, [port for port in present if port not in wanted])
    if pid:
        switch.plug(place, pid, [port for port in wanted if port not in present])
