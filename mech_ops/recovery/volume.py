"""The data volume: attached at Vultr, and mounted on the host from the device that it is now. Docker goes first.

A database that runs while its volume is away or stale keeps what it is told in memory, or writes beside the volume. So
Docker is stopped before anything is touched, and started again only when the volume is there.
"""

from __future__ import annotations

import httpx

from mech_infra.commands.script import room, script
from mech_infra.commands.volume import DATA
from mech_ops import api, hosts
from mech_ops.errors import OpsError
from mech_ops.recovery import docker
from mech_ops.recovery.looking import Facts, Host, device_of

_ROOM = room(__file__)


def mend(host: Host, facts: Facts, vultr: httpx.Client, dry_run: bool) -> list[tuple[str, str]]:
    """Returns (what, what was done). Raises OpsError where a person has to do something."""
    if host.block is None or not facts.mounts_at_boot:
        return []
    id_ = host.block["id"]
    found = api.ask(vultr, "GET", f"/blocks/{id_}")
    if found is None:
        raise OpsError(
            f"the data volume {id_} is gone at Vultr, and MongoDB's and Redis' data with it. To restore a backup, make a "
            "volume with the same label and attach it; to begin anew: pulumi refresh, then pulumi up"
        )
    attached, instance = found["block"].get("attached_to_instance") or "", _instance(host)
    if attached and attached != instance:
        raise OpsError(
            f"the data volume {id_} is attached to instance {attached}, not to this stack's ({instance}): if nothing "
            "there needs it, detach it there at Vultr, then mech recover"
        )
    what = _wrong(host, facts, bool(attached))
    if what is None:
        return []
    if dry_run:
        return [(what, "Docker would be stopped, the volume mounted, Docker started")]
    host.do("stopping Docker", docker.stop(), docker.STOP_S + 30)
    host.do(f"unmounting {DATA}", unmount())
    if not attached:
        api.ask(vultr, "POST", f"/blocks/{id_}/attach", body={"instance_id": instance, "live": True})
    host.do("mounting the data volume", mount(host.mount_id))
    host.do("starting Docker", docker.start())
    return [(what, f"{'mounted' if attached else 'attached and mounted'} again; Docker was stopped meanwhile")]


def unmount() -> str:
    """Also a stale one, on which something still holds a file open."""
    return script(_ROOM / "unmount.sh", DATA)


def mount(mount_id: str) -> str:
    """By the unit that does it at each boot; says when the device does not appear."""
    return script(_ROOM / "mount.sh", DATA, device_of(mount_id))


def _wrong(host: Host, facts: Facts, attached: bool) -> str | None:
    at = f"host {host.address}"
    if not attached:
        return f"the data volume was detached from {at}"
    if not facts.mounted:
        return f"the data volume was not mounted on {at}"
    if facts.mounted != facts.device or not facts.readable:
        return f"the data volume's mount on {at} was stale: its disk is another one, or gives errors"
    if facts.read_only:
        return f"the data volume on {at} was read-only after an error of its disk"
    return None


def _instance(host: Host) -> str:
    return next((one.instance for one in hosts.of(host.state["deployment"]["resources"])), "")
