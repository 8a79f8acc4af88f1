"""Runs on the host (`python3 -`): what the guide's commands say there, each as a line of its own as soon as it is known.

It changes nothing and writes nothing there: the disk may be what is full. Standard library only, as Debian 12 has it.
"""

from __future__ import annotations

import base64
import concurrent.futures
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

WHOLE_S = 38.0  # with the connection it must be less than 45
LIMIT_S = 10.0  # of a command that has no other one
BYTES = 1_000_000  # of what a command or a file says, the last ones
AT_ONCE = 12
LINES = "20000"
HOUR_S = 3600

COMMANDS: dict[str, tuple[str, ...]] = {
    "system/uname": ("uname", "-a"),
    "system/uptime": ("uptime",),
    "system/memory": ("free", "-h"),
    "system/disks": ("df", "-hT"),
    "system/inodes": ("df", "-i"),
    "system/processes": ("ps", "-eo", "pid,ppid,user,stat,pcpu,pmem,rss,etime,comm", "--sort=-pmem"),
    "system/failed-units": ("systemctl", "--no-pager", "--failed"),
    "system/logins": ("last", "-n", "50", "-w"),
    "system/journal": ("journalctl", "--no-pager", "-q", "-o", "short-iso", "--since", "1 hour ago", "-n", LINES),
    "system/kernel": ("journalctl", "--no-pager", "-q", "-k", "-o", "short-iso", "--since", "-1d", "-n", "2000"),
    "network/addresses": ("ip", "-br", "address"),
    "network/routes": ("ip", "route"),
    "network/listeners": ("ss", "-tulnp"),
    "network/connections": ("ss", "-s"),
    "network/ufw": ("ufw", "status", "verbose"),
    "network/iptables": ("iptables", "-S"),
    "network/iptables-nat": ("iptables", "-t", "nat", "-S"),
    "network/ip6tables": ("ip6tables", "-S"),
    "network/fail2ban": ("fail2ban-client", "status"),
    "nginx/status": ("systemctl", "--no-pager", "-l", "status", "nginx"),
    "nginx/config": ("nginx", "-T"),
    "docker/status": ("systemctl", "--no-pager", "-l", "status", "docker"),
    "docker/version": ("docker", "version"),
    "docker/info": ("docker", "info"),
    "docker/containers": ("docker", "ps", "-a"),
    "docker/stats": ("docker", "stats", "--no-stream"),
    "docker/images": ("docker", "images"),
    "docker/networks": ("docker", "network", "ls"),
    "docker/mech-network": ("docker", "network", "inspect", "mech-network"),
    "docker/disk": ("docker", "system", "df"),
}
"""By the name of its file in the archive, without the ending. Nothing here prints the environment of a container."""
SWARM: dict[str, tuple[str, ...]] = {
    "docker/nodes": ("docker", "node", "ls"),
    "docker/services": ("docker", "service", "ls"),
    "docker/mech-fleet": ("docker", "network", "inspect", "mech-fleet"),
}
"""The same of the host that manages a swarm."""
LIMITS_S = {"docker/containers": 20.0, "docker/disk": 25.0, "docker/stats": 15.0, "system/journal": 20.0}
FILES = "/var/log/nginx/*.log*", "/var/log/ufw.log*", "/var/log/auth.log*", "/var/log/fail2ban.log*", "/var/log/mech/*"
"""Taken where they were written to in the last hour; what is compressed is sent as it is."""
CONTAINERS = "/var/lib/docker/containers"

_speaking = threading.Lock()
_end = time.monotonic() + WHOLE_S


def tell(name: str, **about: object) -> None:
    """One line a part: what came before a connection breaks is not lost with it."""
    coded = base64.b64encode(zlib.compress(json.dumps({"name": name, **about}).encode())).decode()
    with _speaking:
        sys.stdout.write(f"\nMECH-INCIDENT {coded}\n")
        sys.stdout.flush()


def last_lines(data: bytes) -> tuple[str, str]:
    """(the last bytes of it in base64, what is left out): whole lines, since a half one may be half a secret."""
    left_out = ""
    if len(data) > BYTES:
        data = data[-BYTES:].partition(b"\n")[2]
        left_out = f"only the last {BYTES // 1000} kB"
    return base64.b64encode(data).decode(), left_out


def said(argv: tuple[str, ...], limit_s: float) -> tuple[bytes, str]:
    """(both streams, what went wrong). One that is too slow is ended with all that it started; what it said is kept."""
    end = min(time.monotonic() + limit_s, _end)
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "LC_ALL": "C", "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"},
        )  # fmt: skip
    except OSError as error:
        return b"", f"could not be run: {error.strerror}"
    assert process.stdout
    pieces: list[bytes] = []
    held = 0
    while True:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            os.killpg(process.pid, signal.SIGKILL)  # not waited for: one that hangs in the kernel never ends
            return b"".join(pieces).rpartition(b"\n")[0], f"did not end within {limit_s:.0f} s"
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            break
        pieces.append(piece)
        held += len(piece)
        while held - len(pieces[0]) > BYTES:
            held -= len(pieces.pop(0))
    try:
        code = process.wait(max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        return b"".join(pieces), f"did not end within {limit_s:.0f} s"
    return b"".join(pieces), f"exit code {code}" if code else ""


def command(name: str, argv: tuple[str, ...]) -> None:
    out, wrong = said(argv, LIMITS_S.get(name, LIMIT_S))
    data, left_out = last_lines(out)
    tell(name, command=" ".join(argv), data=data, wrong=wrong, left_out=left_out)


def containers() -> dict[str, tuple[str, ...]]:
    """The commands for the logs of each container that there is, whether it runs or not."""
    out, wrong = said(("docker", "ps", "-a", "--format", "{{.Names}}"), LIMIT_S)
    if wrong:
        tell("logs", command="docker ps -a", data="", wrong=f"{wrong}: the logs are those on its disk", left_out="")
        left_on_disk()
        return {}
    names = out.decode(errors="replace").split()
    return {
        f"logs/{name}": ("docker", "logs", "--timestamps", "--since", "1h", "--tail", LINES, name) for name in names
    }


def swarm() -> dict[str, tuple[str, ...]]:
    """The commands for a swarm that this host manages, with the tasks of each service; nothing where it manages none."""
    if said(("docker", "info", "-f", "{{.Swarm.ControlAvailable}}"), LIMIT_S)[0].strip() != b"true":
        return {}
    names = said(("docker", "service", "ls", "--format", "{{.Name}}"), LIMIT_S)[0].decode(errors="replace").split()
    tasks = {f"docker/tasks-{name}": ("docker", "service", "ps", "--no-trunc", name) for name in names}
    return {**SWARM, **tasks}


def left_on_disk() -> None:
    """What the containers said, where Docker itself does not answer."""
    for path in Path(CONTAINERS).glob("*/*-json.log"):
        try:
            # The name and nothing else: the environment stands there, too.
            name = json.loads((path.parent / "config.v2.json").read_text())["Name"].lstrip("/")
        except (OSError, ValueError, KeyError):
            name = path.parent.name[:12]
        file(path, f"logs/{name}")


def file(path: Path, name: str = "") -> None:
    """A log that was written to in the last hour."""
    name = name or f"files{path}"
    try:
        if time.time() - path.stat().st_mtime > HOUR_S:
            return
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            whole = re.search(r"\.(?:gz|xz|bz2)$", path.name)
            if whole and size > BYTES:
                data, left_out = "", f"compressed, and {size // 1000} kB"
            else:
                stream.seek(max(0, size - BYTES - 1))
                data, left_out = last_lines(stream.read())
    except OSError as error:
        tell(name, command=str(path), data="", wrong=f"could not be read: {error.strerror}", left_out="")
        return
    tell(name, command=str(path), data=data, wrong="", left_out=left_out)


def main() -> None:
    pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)
    logs, more = pool.submit(containers), pool.submit(swarm)
    waiting = [pool.submit(command, *one) for one in COMMANDS.items()]
    waiting += [pool.submit(file, path) for pattern in FILES for path in sorted(Path("/").glob(pattern.lstrip("/")))]
    concurrent.futures.wait([logs, more], timeout=LIMIT_S + 1)
    for found in (logs, more):
        if found.done():
            waiting += [pool.submit(command, *one) for one in found.result().items()]
    late = concurrent.futures.wait(waiting, timeout=max(0.0, _end + 1 - time.monotonic())).not_done
    tell("end", late=len(late))
    os._exit(0)  # without waiting for those that are late


if __name__ == "__main__":
    main()
