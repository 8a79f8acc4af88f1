"""Docker on the host: started when it does not run, ended and started when it takes connections and never answers."""

from __future__ import annotations

import re

from mech_ops.errors import OpsError
from mech_ops.recovery.looking import Facts, Host

# Seconds for the databases to write what they have; then they are killed, as Docker itself does.
STOP_S = 75
# Failed too often, systemd wants to be told before it tries again.
START = (
    "systemctl unmask -q docker.service docker.socket; systemctl reset-failed docker.service docker.socket 2>/dev/null; "
    "systemctl start docker.service"
)
_KILL = (
    "systemctl stop docker.socket; systemctl kill -s KILL docker.service; systemctl stop docker.service; "
    "! systemctl is-active -q docker.service"
)
# containerd runs the containers and can end them without Docker; Debian's package has `ctr`.
_TASKS = "ctr -n moby tasks list -q 2>/dev/null"


def end_containers() -> str:
    """Ask what runs in containers to end, without Docker, and wait for it."""
    return (
        f"for id in $({_TASKS}); do ctr -n moby tasks kill -s SIGTERM $id 2>/dev/null; done\n"
        "n=0; while ctr -n moby tasks list 2>/dev/null | grep -q RUNNING; do\n"
        f"  n=$((n + 1)); [ $n -lt {STOP_S - 15} ] || break; sleep 1\n"
        "done"
    )


def stop() -> str:
    """Stop Docker and all containers, databases gently; also a Docker that does not answer."""
    return f"{end_containers()}\ntimeout -k 1 15 systemctl stop docker.socket docker.service || {{ {_KILL}; }}"


def mend(host: Host, facts: Facts, dry_run: bool) -> list[tuple[str, str]]:
    """Returns (what, what was done). Raises OpsError with the reason when Docker does not start."""
    if facts.docker_answers:
        return []
    if facts.docker_silent:
        what = f"Docker on host {host.address} took connections and did not answer"
        if dry_run:
            return [(what, "its containers would be ended, Docker killed and started")]
        host.do("ending Docker", f"{end_containers()}\n{_KILL}", STOP_S + 60)
        _start(host)
        return [(what, "killed and started; the containers start with it")]
    what = f"Docker did not run on host {host.address}"
    if dry_run:
        return [(what, "would be started")]
    _start(host)
    return [(what, "started")]


def _start(host: Host) -> None:
    code, _ = host.run(f"{START} && timeout -k 1 60 docker version >/dev/null", 200)
    if code:
        raise OpsError(f"Docker does not start on host {host.address}: {reason(host)}")


def reason(host: Host) -> str:
    """Why, and what to do, by what systemd and dockerd say."""
    _, said = host.run(
        "systemctl is-failed -q mech-data.service && echo mech-data; "
        "[ -d /var/lib/docker ] && [ -w /var/lib/docker ] || echo no-folder; "
        "df --output=pcent /var/lib/docker 2>/dev/null | tail -n 1 | grep -q 100% && echo full; "
        "journalctl -u docker.service -n 40 -o cat --no-pager"
    )
    words = said.splitlines()
    if "mech-data" in words:
        return "its data volume cannot be mounted; on the host read: journalctl -u mech-data -n 20"
    if "no-folder" in words:
        return (
            "/var/lib/docker is missing or cannot be written; on the host: mkdir -p /var/lib/docker, then mech recover"
        )
    if "full" in words:
        return "the disk of /var/lib/docker is full; make room on the host (docker's logs, /var/log), then mech recover"
    fatal = [line for line in words if re.search(r"failed to start daemon|level=fatal|[Ee]rror", line)]
    said_last = f"it says: {fatal[-1].strip()}; " if fatal else ""
    return f"{said_last}on the host read: journalctl -u docker -n 50"
