"""Docker on the host: started when it does not run, ended and started when it takes connections and never answers."""

from __future__ import annotations

import re

from mech_infra.commands.script import room, script
from mech_ops.errors import OpsError
from mech_ops.recovery.looking import Facts, Host

# Seconds for the databases to write what they have; then they are killed, as Docker itself does.
STOP_S = 75
_ROOM = room(__file__)


def start(answer_s: int = 0) -> str:
    """Start Docker; fails when it does not answer within `answer_s` (0: it is not asked)."""
    return script(_ROOM / "start.sh", answer_s)


def stop() -> str:
    """Stop Docker and all containers, databases gently; also a Docker that does not answer."""
    return script(_ROOM / "stop.sh", STOP_S - 15)


def kill() -> str:
    """Ask what runs in containers to end, without Docker, wait for it, and kill Docker."""
    return script(_ROOM / "kill.sh", STOP_S - 15)


def reasons() -> str:
    """What systemd and dockerd say of why Docker does not start."""
    return script(_ROOM / "reasons.sh")


def mend(host: Host, facts: Facts, dry_run: bool) -> list[tuple[str, str]]:
    """Returns (what, what was done). Raises OpsError with the reason when Docker does not start."""
    if facts.docker_answers:
        return []
    if facts.docker_silent:
        what = f"Docker on host {host.address} took connections and did not answer"
        if dry_run:
            return [(what, "its containers would be ended, Docker killed and started")]
        host.do("ending Docker", kill(), STOP_S + 60)
        _start(host)
        return [(what, "killed and started; the containers start with it")]
    what = f"Docker did not run on host {host.address}"
    if dry_run:
        return [(what, "would be started")]
    _start(host)
    return [(what, "started")]


def _start(host: Host) -> None:
    code, _ = host.run(start(answer_s=60), 200)
    if code:
        raise OpsError(f"Docker does not start on host {host.address}: {reason(host)}")


def reason(host: Host) -> str:
    """Why, and what to do, by what systemd and dockerd say."""
    _, said = host.run(reasons())
    words = said.splitlines()
    if "mech-data" in words:
        return "its data volume cannot be mounted; on the host read: journalctl -u mech-data -n 20"
    if "mech-swarm" in words:
        return (
            "what it knows of its swarm cannot be had from the data volume; on the host read: journalctl -u mech-swarm"
        )
    if "no-folder" in words:
        return (
            "/var/lib/docker is missing or cannot be written; on the host: mkdir -p /var/lib/docker, then mech recover"
        )
    if "full" in words:
        return "the disk of /var/lib/docker is full; make room on the host (docker's logs, /var/log), then mech recover"
    fatal = [line for line in words if re.search(r"failed to start daemon|level=fatal|[Ee]rror", line)]
    said_last = f"it says: {fatal[-1].strip()}; " if fatal else ""
    return f"{said_last}on the host read: journalctl -u docker -n 50"
