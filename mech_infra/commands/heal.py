"""The healer as a program and a timer on the host: put there, and taken away again."""

from __future__ import annotations

from mech_infra.commands.script import room, script

PROGRAM = "/usr/local/sbin/mech-heal"
TIMER = "mech-heal.timer"
_SERVICE_UNIT, _TIMER_UNIT = "/etc/systemd/system/mech-heal.service", f"/etc/systemd/system/{TIMER}"
MODES = {PROGRAM: "755", _SERVICE_UNIT: "644", _TIMER_UNIT: "644"}
_ROOM = room(__file__)


def files(text: str, interval_s: int) -> dict[str, str]:
    """What stays on the host, path to text; `text` is the healer's own (heal/program.py)."""
    timer = (_ROOM / "mech-heal.timer").read_text()
    return {
        PROGRAM: text,
        _SERVICE_UNIT: (_ROOM / "mech-heal.service").read_text(),
        _TIMER_UNIT: timer.replace("INTERVAL_S", str(interval_s)),
    }


def install(text: str, interval_s: int) -> str:
    """Put it there, and have the timer run."""
    written = {path: (MODES[path], content) for path, content in files(text, interval_s).items()}
    return script(_ROOM / "install.sh", TIMER, put=written)


def remove() -> str:
    """Take all of it away; a run that is under way comes to its end. Its log stays."""
    return script(_ROOM / "remove.sh", TIMER, *MODES)
