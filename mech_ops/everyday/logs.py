"""`mech logs`: of a service (all its replicas), a database or nginx; no secret that the state knows stands in it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable

from mech_infra.commands.containers import SERVICE
from mech_infra.commands.script import room, script
from mech_ops import host_shell
from mech_ops.errors import OpsError
from mech_ops.everyday import everywhere, platform, spans
from mech_ops.everyday.platform import Platform
from mech_ops.hosts import Host

_ROOM = room(__file__)
# A task's container: mech-llms.1. and an id of 25 letters and digits.
_TASK = re.compile(r"^(\S+\.\d+)\.[a-z0-9]{25} \| ")
_QUIET_S = 12.0  # without --follow: the scripts wait for Docker for 10
_MOST = 100_000  # lines
_NGINX_TIMES = re.compile(r"\[?(\d{4}-\d\d-\d\dT[\d:]{8}[+-]\d\d:\d\d)\]?|^(\d{4}/\d\d/\d\d [\d:]{8})|\[(\d\d/\w{3}/\d{4}:[\d:]{8} [+-]\d{4})\]")  # fmt: skip


def show(stack: str | None, name: str, since: str | None, tail: int, follow: bool, say: Callable[[str], None]) -> None:
    """Say each line, without secrets. Raises OpsError."""
    name = platform.known(name, ("nginx",))
    if not 1 <= tail <= _MOST:
        raise OpsError(f"--tail {tail}: from 1 to {_MOST} lines")
    began = dt.datetime.now(dt.UTC) - spans.span(since, "--since") if since else None
    there = platform.read(stack)
    if there.is_fleet and name not in platform.DATABASES:
        of_all(there, name, since, tail, follow, say)
        return
    sift = Nginx(began) if name == "nginx" else None
    heard: list[str] = []

    def hear(line: str) -> None:
        line = there.hidden(line)
        if sift is None:
            say(line)
        elif follow:
            if sift.wanted(line):
                say(line)
        else:
            heard.append(line)

    try:
        code = host_shell.lines(
            there.state, there.address, command(name, since, tail, follow), hear, None if follow else _QUIET_S, follow
        )
    except KeyboardInterrupt:
        return  # how --follow ends
    for line in sift.sorted(heard)[-tail:] if sift else ():
        say(line)
    if code == 3:
        raise OpsError(f"there is no {'log of nginx' if sift else f'container of {name}'} on the host. Next: mech ps")
    if code == 4:
        raise OpsError("Docker on the host does not answer. Next: mech diagnose")


def of_all(there: Platform, name: str, since: str | None, tail: int, follow: bool, say: Callable[[str], None]) -> None:
    """Of all hosts of a fleet, each line behind its host's name. Raises OpsError, after the others, for one that is silent."""
    began = dt.datetime.now(dt.UTC) - spans.span(since, "--since") if since else None
    sifts = {host.name: Nginx(began) for host in there.hosts} if name == "nginx" else {}
    heard: dict[str, list[str]] = {host.name: [] for host in there.hosts}

    def hear(host: Host, line: str) -> None:
        line, sift = _TASK.sub(r"\1 | ", there.hidden(line)), sifts.get(host.name)
        if sift and not follow:
            heard[host.name].append(line)
        elif not sift or sift.wanted(line):
            say(f"{host.name} {line}")

    try:
        quiet_s = None if follow else _QUIET_S
        ended = everywhere.lines(there, there.hosts, command(name, since, tail, follow), hear, quiet_s, follow)
    except KeyboardInterrupt:
        return  # how --follow ends
    timed = [(at, f"{host} {line}") for host, sift in sifts.items() for at, line in sift.timed(heard[host])]
    for _, line in sorted(timed, key=lambda one: one[0])[-tail:]:
        say(line)
    silent = [f"{host}: {why}" for host, why in ended.items() if isinstance(why, OpsError)]
    silent += [f"Docker on {host} does not answer" for host, code in ended.items() if code == 4]
    if silent:
        raise OpsError(f"{'; '.join(silent)}. Next: mech diagnose")
    if all(code == 3 for code in ended.values()):
        raise OpsError(f"there is no {'log of nginx' if sifts else f'task of {name}'} on any host. Next: mech ps")


def command(name: str, since: str | None, tail: int, follow: bool) -> str:
    """What runs on the host."""
    following = "yes" if follow else "no"
    if name == "nginx":
        return script(_ROOM / "nginx.sh", tail, following)
    which = f"name=^{name}$" if name in platform.DATABASES else f"label={SERVICE}={name}"
    # Docker knows no days.
    seconds = f"{spans.span(since, '--since').total_seconds():.0f}s" if since else ""
    return script(_ROOM / "containers.sh", which, tail, following, seconds)


class Nginx:
    """Lines of several files, by the time that stands in each; one without a time goes with the line before."""

    def __init__(self, since: dt.datetime | None) -> None:
        self._since, self._zone = since, dt.UTC  # type: dt.datetime | None, dt.tzinfo
        self._last: dict[str, dt.datetime] = {}

    def wanted(self, line: str) -> bool:
        at = self._time(line)
        return at is not None and (self._since is None or at >= self._since)

    def sorted(self, lines: Iterable[str]) -> list[str]:
        return [line for _, line in sorted(self.timed(lines), key=lambda one: one[0])]

    def timed(self, lines: Iterable[str]) -> list[tuple[dt.datetime, str]]:
        return [(at, line) for line in lines if (at := self._time(line)) and (not self._since or at >= self._since)]

    def _time(self, line: str) -> dt.datetime | None:
        """None for what is no line of a log: the host's offset."""
        if re.fullmatch(r"[+-]\d{4}", line):
            self._zone = dt.datetime.strptime(line, "%z").tzinfo or dt.UTC
            return None
        file, _, said = line.partition(" | ")
        if found := _NGINX_TIMES.search(said):
            ours, error, common = found.groups()
            if ours:
                at = dt.datetime.fromisoformat(ours)
            elif error:
                at = dt.datetime.strptime(error, "%Y/%m/%d %H:%M:%S").replace(tzinfo=self._zone)
            else:
                at = dt.datetime.strptime(common, "%d/%b/%Y:%H:%M:%S %z")
            self._last[file] = at
        return self._last.get(file, dt.datetime.min.replace(tzinfo=dt.UTC))
