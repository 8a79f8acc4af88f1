"""The containers that commands make: of `docker run`, of compose files, of a swarm's services, of systemd's units."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from policies.model import CONTAINER, REMOTE, SERVICE, UNKNOWN, Resource, Stack
from policies.reading.commands import Script, scripts, unknown_scripts
from policies.reading.containers.compose import compose, stack
from policies.reading.containers.compose_file import Invalid, Unread
from policies.reading.containers.databases import DATABASE_PORTS, is_database
from policies.reading.containers.model import Container
from policies.reading.containers.options import parse
from policies.reading.containers.run import container, published
from policies.reading.containers.swarm import around, create, declared, named, updated
from policies.reading.containers.units import ENGINES, started
from policies.reading.shell import Act

_COMPOSE = ("docker-compose", "podman-compose")
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
        self.pods: dict[tuple[str, str], list[dict[str, Any]]] = {}  # what Podman's pods publish, by host and name
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
        if script.trace.files is script.before:
            return
        for path, text in script.written.items():
            runs = started(path, text, script.trace) if path.endswith((".service", ".container")) else None
            for act in runs.acts if runs else ():
                self._act(script, act, stays=True)

    def _act(self, script: Script, act: Act, stays: bool = False) -> None:
        if act.name not in (*ENGINES, *_COMPOSE):
            return
        words = list(act.argv[1:])
        try:
            if act.name in _COMPOSE:
                self._compose(script, act, words)
            else:
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
                    self._in_pod(script, made[0])
                    self._add(script, act, made[0], f"docker {command}", made[1] and not stays)
            case ["pod", "create", *rest]:
                pod = parse(rest)
                name = pod.last("name") or "".join(pod.words[:1])
                self.pods[str(_host(script.resource)), name] = [
                    p for text in pod.every("publish") for p in published(text)
                ]
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
            case ["service", "update", *rest]:
                self._update(script, act, rest)
            case _:
                pass

    def _in_pod(self, script: Script, props: dict[str, Any]) -> None:
        """A pod publishes for those in it: a database's port for the database, others for the first that is none."""
        left = self.pods.get((str(_host(script.resource)), str(props.get("pod"))), [])
        kind = is_database(Resource(CONTAINER, "", props))
        mine = [port for port in left if (port.get("internal") in DATABASE_PORTS) is bool(kind)]
        props["ports"] += mine
        left[:] = [port for port in left if port not in mine]

    def _update(self, script: Script, act: Act, words: list[str]) -> None:
        there = self.shell.get((str(_host(script.resource)), named(words)))
        made = updated(words, there.props if there else None)
        if made and there:
            self.shell[str(_host(script.resource)), made[0]] = replace(
                there, props=made[1], sure=there.sure and act.sure
            )
        elif made:
            self._add(script, act, made[1], "docker service update")

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
