"""`mech restart`: the containers of one name, one after the other, with the time to end that they are declared with."""

from __future__ import annotations

from collections.abc import Callable

from mech_infra import catalogue
from mech_infra.commands.containers import DATABASE_GRACE_S, SERVICE_GRACE_S
from mech_infra.commands.script import room, script
from mech_ops import host_shell, stack_config
from mech_ops.errors import OpsError
from mech_ops.everyday import platform
from mech_ops.everyday.platform import DATABASES, Platform

_ROOM = room(__file__)
_SERVICE_WAIT_S, _DATABASE_WAIT_S = 90, 150


def restart(stack: str | None, name: str, yes: bool, say: Callable[[str], None]) -> None:
    """Say what visitors notice, do it, and say how it went. Raises OpsError; nothing is done without `yes` to a database."""
    name = platform.known(name)
    stack_config.nobody_at_work(stack)
    there = platform.read(stack)
    say(noticed(there, name))
    if name in DATABASES and not yes:
        raise OpsError(f"nothing was done: {name} is a database, so say --yes if you mean it")
    carry_out(there, name, say)


def noticed(there: Platform, name: str) -> str:
    """What visitors notice of it."""
    if name in DATABASES:
        users = [service.name for service in catalogue.SERVICES.values() if name in service.datastores]
        return f"visitors get 503 from {', '.join(users)} until {name} is back, some seconds; what it holds is kept"
    if called := platform.swarm_name(there.declared, name):
        tasks, takers = there.declared["tasks"][called], sum(not host.drained for host in there.hosts)
        if tasks > 1 or tasks < takers:
            return f"visitors notice nothing: nginx passes to the other tasks of {name} meanwhile; a stream is cut"
    if len(there.containers(name)) > 1:
        return f"visitors notice nothing: nginx passes to the other containers of {name} meanwhile; a stream is cut"
    return (
        f"visitors of {name} get 502 for some seconds, since it has one container "
        f"(mech:services.{name}.replicas: 2 spares them that)"
    )


def carry_out(there: Platform, name: str, say: Callable[[str], None]) -> None:
    """Raises OpsError."""
    if called := platform.swarm_name(there.declared, name):
        _by_the_swarm(there, called, say)
        return
    containers = there.containers(name)
    if not containers:
        raise OpsError(f"the stack's state has no container of {name}. Next: pulumi up")
    grace, wait_s = times(name)
    last = ""

    def hear(line: str) -> None:
        nonlocal last
        last = there.hidden(line)
        if not last.startswith(tuple(f"{container} is " for container in containers)):
            say(last)

    code = host_shell.lines(there.state, there.address, command(name, containers), hear, grace + 30 + wait_s)
    if code in (3, 5):
        left = "" if last.startswith(containers[-1]) or code == 3 else "; the others were left alone"
        raise OpsError(f"{last}{left}. Next: {'pulumi up' if code == 3 else 'mech diagnose'}")
    if code:
        raise OpsError(f"Docker on the host did not do it: {last or 'it does not answer'}. Next: mech diagnose")


def _by_the_swarm(there: Platform, called: str, say: Callable[[str], None]) -> None:
    """Raises OpsError."""
    last, limit_s = "", there.declared["tasks"][called] * (SERVICE_GRACE_S + _SERVICE_WAIT_S) + 60

    def hear(line: str) -> None:
        nonlocal last
        if last:
            say(last)
        last = there.hidden(line)

    text = script(_ROOM / "service.sh", called, limit_s)
    code = host_shell.lines(there.state, there.address, text, hear, limit_s + 60)
    if code in (3, 5):
        raise OpsError(f"{last}. Next: {'pulumi up' if code == 3 else 'mech diagnose'}")
    if code:
        raise OpsError(f"the swarm did not do it: {last or 'it does not answer'}. Next: mech diagnose")
    say(last)


def command(name: str, containers: list[str]) -> str:
    """What runs on the host."""
    return script(_ROOM / "restart.sh", *times(name), *containers)


def times(name: str) -> tuple[int, int]:
    """Seconds to end in, and to be well in after that."""
    if name in DATABASES:
        return DATABASE_GRACE_S, _DATABASE_WAIT_S
    return SERVICE_GRACE_S, _SERVICE_WAIT_S
