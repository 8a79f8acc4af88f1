"""The alerts' program on the host: put there with what is declared and whom it tells, and taken away again."""

from __future__ import annotations

import base64
import bz2
from collections.abc import Mapping
from typing import Any

from mech_infra import packing
from mech_infra.commands.files import encode
from mech_infra.commands.script import room, script
from mech_infra.facts import wanted
from mech_infra.facts.host import program

Json = dict[str, Any]

PACKAGE = "apprise"  # Debian's
_PACKAGE_WAIT_S = 600  # for another apt to let go of its locks; the command has limits.PACKAGES_LIMIT_S
PROGRAM = "/usr/local/sbin/mech-alert"
TIMER = "mech-alert.timer"
FOLDER = "/etc/mech/alerts"
DECLARED, DESTINATIONS = f"{FOLDER}/declared.json", f"{FOLDER}/destinations"
_SERVICE_UNIT, _TIMER_UNIT = "/etc/systemd/system/mech-alert.service", f"/etc/systemd/system/{TIMER}"
_UNITS = (_SERVICE_UNIT, _TIMER_UNIT)
_ROOM = room(__file__)
# mech_ops is told what it is for here, and imported by nobody here: it only goes along.
_MAIN, _FACTS = "mech_ops.alerts.onhost:main", "mech_ops/alerts/facts.txt"


def packed(declared: Json) -> bytes:
    """The program, with what reads the host for what is declared. No secret stands in it."""
    subjects = [f"mech_infra.facts.host.{path.stem}" for path in program.subjects()]
    return packing.packed(_MAIN, subjects, {_FACTS: program.source(wanted.asked(declared))})


def units(every_s: int) -> dict[str, str]:
    """Path to text."""
    timer = (_ROOM / "mech-alert.timer").read_text().replace("EVERY_S", str(every_s))
    return {_SERVICE_UNIT: (_ROOM / "mech-alert.service").read_text(), _TIMER_UNIT: timer}


def handed(whole: bytes, declared: str, destinations: str) -> str:
    """Standard input of `install`: the program is compressed by bzip2, whose bytes are the same everywhere, the rest is secret."""
    lines = encode({DECLARED: declared, DESTINATIONS: destinations})
    return f"{PROGRAM}.bz2 {base64.b64encode(bz2.compress(whole)).decode()}\n{lines}"


def install(every_s: int) -> str:
    """Put it there, with the package that it needs, and have the timer run."""
    put: Mapping[str, tuple[str, str]] = {path: ("644", text) for path, text in units(every_s).items()}
    return script(_ROOM / "install.sh", PROGRAM, TIMER, _PACKAGE_WAIT_S, PACKAGE, put=put)


def remove() -> str:
    """Take all of it away but what was told, and Debian's package; a run that is under way comes to its end."""
    return script(_ROOM / "remove.sh", TIMER, PROGRAM, FOLDER, *_UNITS)
