"""The containers that commands make: of `docker run`, of compose files, of a swarm's services, of systemd's units."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from policies.model import CONTAINER, REMOTE, UNKNOWN, Resource, Stack
from policies.reading.commands import Script, scripts, unknown_scripts
from policies.reading.containers.compose import Unread, compose, stack
from policies.reading.containers.compose_file import Invalid
from policies.reading.containers.model import Container
from policies.reading.containers.options import parse
from policies.reading.containers.run import container
from policies.reading.containers.swarm import SERVICE, around, create, declared
from policies.reading.shell import Act, read

_GLOBAL = frozenset({"debug", "tls", "tlsverify", "version", "help"})
_GLOBAL_SHORT = {"H": "host", "c": "context", "D": "debug", "l": "log-level", "v": "version"}


@dataclass
class View:
    """`containers` in the program's order; `unread` names what could not be known, `invalid` what Compose would refuse."""

    containers: list[Container] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    invalid: list[tuple[Resource, str]] = field(default_factory=list)


class Reader:
    """Goes through a stack's resources and commands; `mech`: whether the platform is there."""

    def __init__(self, stack: Stack, mech: bool) -> None:
        self.stack, self.mech, self.found = stack, mech, View()
        self.shell: dict[Any, Container] = {}  # those of commands, by host and name

    def read(self) -> View:
        for resource in self.stack.resources:
            if resource.type == CONTAINER:
                self.found.containers.append(self._of(resource, resource.props, "docker.Container"))
            elif resource.type == SERVICE:
                self.found.containers.append(
                    self._of(resource, declared(resource, around(self.stack)), "docker.Service", host="")
                )
        for script in scripts(self.stack):
            if "docker" in script.text or any("docker" in act.name for act in script.trace.acts):
                for act in script.trace.acts:
                    self._act(script, act)
                self._units(script)
        self.found.containers += self.shell.values()
        self.found.unread += unknown_scripts(self.stack)
        return self.found

    def _of(self, owner: Resource, props: Any, how: str, **more: Any) -> Container:
        return Container(
            CONTAINER, owner.name, props, owner.urn, owner.ignored, owner.declared, how=how, mech=self.mech, **more
        )

    def _add(
        self, script: Script, act: Act, props: dict[str, Any], how: str, once: bool = False, kept: str = ""
    ) -> None:
        host = _host(script.resource)
        made = self._of(script.resource, props, how, host=host, once=once, sure=act.sure)
        name = props.get("name")
        self.shell[(str(host), kept or (name if isinstance(name, str) and name else len(self.shell)))] = made

    def _units(self, script: Script) -> None:
        """What systemd starts of the units that a script writes."""
        for path, text in script.written.items():
            if path.endswith(".service") and "docker" in text:
                lines = re.findall(r"^ExecStart=[-@:+!]*(.*)", text.replace("\\\n", " "), re.M)
                for act in read("\n".join(lines), files=script.trace.files).acts:
                    self._act(script, act, stays=True)

    def _act(self, script: Script, act: Act, stays: bool = False) -> None:
        words = list(act.argv[1:])
        try:
            if act.name == "docker-compose":
                self._compose(script, act, words)
            elif act.name == "docker":
                line = parse(words, _GLOBAL, _GLOBAL_SHORT, {})
                self._docker(script, act, line.words, stays)
        except Unread as what:
            self.found.unread.append(str(what))
        except Invalid as why:
            self.found.invalid.append((script.resource, str(why)))

    def _docker(self, script: Script, act: Act, words: list[str], stays: bool) -> None:
        match words:
            case ["container", *rest]:
                self._docker(script, act, rest, stays)
            case ["run" | "create" as command, *rest]:
                made = container(rest, act)
                if made is None:
                    self.found.unread.append(f"the options of `docker {command}` in {script.resource.name}")
                else:
                    self._add(script, act, made[0], f"docker {command}", made[1] and not stays)
            case ["rm", *rest]:
                for name in rest:
                    self.shell.pop((str(_host(script.resource)), name), None)
            case ["network", "connect", *rest]:
                self._connect(script, rest)
            case ["compose", *rest]:
                self._compose(script, act, rest)
            case ["stack", "deploy" | "up", *rest]:
                up = stack(rest, act)
                for name, props in up.services.items():
                    self._add(script, act, props, "docker stack deploy", kept=f"{up.project}/{name}")
            case ["service", "create", *rest]:
                props_ = create(rest, act)
                if props_ is None:
                    self.found.unread.append(f"the options of `docker service create` in {script.resource.name}")
                else:
                    self._add(script, act, props_, "docker service create")
            case _:
                pass

    def _compose(self, script: Script, act: Act, words: list[str]) -> None:
        command, up = compose(words, act)
        for name, props in up.services.items() if up else ():
            key = f"{up.project if up else ''}/{name}"
            if command in ("down", "rm"):
                self.shell.pop((str(_host(script.resource)), key), None)
            else:
                self._add(script, act, props, "docker compose", kept=key)

    def _connect(self, script: Script, words: list[str]) -> None:
        line = parse(words, frozenset(), {}, {})
        key = (str(_host(script.resource)), line.words[1] if line.words[1:] else "")
        there = self.shell.get(key)
        if there is not None:
            attached = [*there.maps("networksAdvanced"), {"name": line.words[0], "aliases": line.every("alias")}]
            there.props["networksAdvanced"] = attached  # type: ignore[index]  # made here, of a command's words


def _host(resource: Resource) -> object:
    """Where a command runs."""
    if resource.type != REMOTE:
        return ""
    connection = resource.props.get("connection")
    return connection.get("host") if isinstance(connection, dict) else (UNKNOWN if connection is UNKNOWN else "")
