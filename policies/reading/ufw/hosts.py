"""The firewall of each host of a program."""

from __future__ import annotations

from collections.abc import Mapping

from policies.model import Resource, Stack, Unjudged
from policies.reading.commands import Script, scripts, unknown_scripts
from policies.reading.platform import is_platform
from policies.reading.shell import Act
from policies.reading.ufw.host import Host
from policies.reading.ufw.rule import Refused, Unclear
from policies.reading.ufw.telling import BEFORE, CONF, DEFAULTS, Telling, edits_conf, is_of_ufw
from policies.reading.ufw.walls.wall import others
from policies.reading.ufw.words import order


def ufw(stack: Stack) -> Host | None:
    """The first host whose firewall is configured, None where none is. Raises Unjudged where a command is unknown."""
    return next(iter(hosts(stack)), None)


def hosts(stack: Stack) -> list[Host]:
    """The hosts whose firewall is configured, UFW or another. Raises Unjudged where none is, and a command is unknown."""
    found: list[Host] | None = stack.memo.get("ufw")
    if found is None:
        found = stack.memo["ufw"] = [host for name in _names(stack) if (host := _host(stack, name))]
    if not found and unknown_scripts(stack):
        raise Unjudged(unknown_scripts(stack)[0])
    return found


def _address(resource: Resource) -> str:
    """The host on which a command runs, "" where it does not say."""
    connection = resource.props.get("connection")
    named = connection.get("host") if isinstance(connection, Mapping) else None
    return named if isinstance(named, str) else ""


def _names(stack: Stack) -> list[str]:
    return list(dict.fromkeys(name for script in scripts(stack) if (name := _address(script.resource)))) or [""]


def _host(stack: Stack, name: str) -> Host | None:
    host: Host | None = None
    here = [script for script in scripts(stack) if _address(script.resource) in ("", name)]
    for script in here:
        mine = [act for act in script.trace.acts if is_of_ufw(act)]
        told = any((act.name == "ufw" and _changes(act)) or edits_conf(act) for act in mine) or _writes(script)
        if host is None and told:
            host = Host(name, script.resource, unseen=unknown_scripts(stack))
        if host is not None:
            Telling(host, script).all(mine)
    # The platform's is UFW: another beside it is not what its rules ask for.
    return host if host is not None or is_platform(stack) else others(name, here)


def _changes(act: Act) -> bool:
    try:
        return order(act.argv).what != "look"
    except (Refused, Unclear):
        return len(act.argv) > 1


def _writes(script: Script) -> bool:
    return any(path in (BEFORE, CONF, DEFAULTS) for path in script.written)
