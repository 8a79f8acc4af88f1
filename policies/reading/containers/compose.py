"""`docker compose up` and `docker stack deploy`: which files they read, and which services come up."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.reading.containers.compose_file import NAMES, Invalid, Unread, dotenv, project
from policies.reading.containers.compose_service import Project, properties
from policies.reading.containers.options import Line, interspersed, parse
from policies.reading.containers.values import absolute
from policies.reading.shell import HOLE, Act, known

_GLOBAL = frozenset(
    {"all-resources", "compatibility", "dry-run", "verbose", "version", "help", "no-ansi", "tls", "tlsverify"}
)
_UP = frozenset(
    {
        "abort-on-container-exit", "abort-on-container-failure", "always-recreate-deps", "attach-dependencies", "build", "detach",
        "force-recreate", "help", "menu", "no-attach", "no-build", "no-color", "no-deps", "no-log-prefix", "no-recreate", "no-start",
        "quiet-build", "quiet-pull", "remove-orphans", "renew-anon-volumes", "timestamps", "wait", "watch", "yes", "dry-run",
        "prune", "with-registry-auth",
    }
)  # fmt: skip
_SHORT = {
    "f": "file",
    "p": "project-name",
    "d": "detach",
    "t": "timeout",
    "w": "watch",
    "y": "yes",
    "V": "renew-anon-volumes",
    "H": "host",
}


@dataclass(frozen=True)
class Up:
    """What a command brings up: a service's name to its properties. `folder` and `project` say which project it is."""

    project: str
    services: Mapping[str, dict[str, Any]]


def compose(argv: Sequence[str], act: Act) -> tuple[str, Up | None]:
    """(sub-command, what it brings up) of the words behind `docker compose`. Raises Unread, Invalid."""
    line = parse(argv, _GLOBAL, _SHORT, {})
    command, rest = (line.words[0], line.words[1:]) if line.words else ("", [])
    if command not in ("up", "create", "start", "down", "rm"):
        return command, None
    under = parse(rest, _UP, {**_SHORT, "f": "force"}, {})
    return command, _up(line, under, act)


def stack(argv: Sequence[str], act: Act) -> Up:
    """What `docker stack deploy`'s words bring up. Raises Unread, Invalid."""
    line = interspersed(argv, _UP, {"c": "file"}, {"compose-file": "file"})
    under = Line(words=line.words[1:])
    line.values["project-name"] = line.words[:1]
    return _up(line, under, act, swarm=True)


def _up(line: Line, under: Line, act: Act, swarm: bool = False) -> Up:
    paths = line.every("file") or _of_variables(act) or _found(line, act)
    folder = absolute(line.last("project-directory") or posixpath.dirname(_real(paths)) or ".", act.cwd)
    variables = {**_variables(line, folder, act), **act.variables}
    near = posixpath.dirname(absolute(_real(paths), act.cwd)) if _real(paths) else folder
    about = project(
        [_content(path, act) for path in paths], variables, lambda path: _content(posixpath.join(near, path), act)
    )
    name = (
        line.last("project-name")
        or variables.get("COMPOSE_PROJECT_NAME")
        or about.get("name")
        or posixpath.basename(folder)
    )
    whole = Project(str(name), folder, act.files, about, swarm)
    profiles = {*line.every("profile"), *variables.get("COMPOSE_PROFILES", "").split(",")}
    chosen = dict(_chosen(about["services"], [] if swarm else under.words, profiles))
    return Up(str(name), {name: properties(name, service, whole) for name, service in chosen.items()})


def _real(paths: Sequence[str]) -> str:
    return next((path for path in paths if path != "-"), "")


def _of_variables(act: Act) -> list[str]:
    given = act.variables.get("COMPOSE_FILE", "")
    return [path for path in given.split(":") if path]


def _found(line: Line, act: Act) -> list[str]:
    folder = absolute(line.last("project-directory") or ".", act.cwd)
    there = [path for path in (f"{folder}/{name}" for name in NAMES) if path in act.files]
    if not there:
        raise Unread(f"the compose file in {folder}".replace(HOLE, "…"))
    root, extension = posixpath.splitext(there[0])
    over = [path for path in (f"{root}.override{each}" for each in (extension, ".yml", ".yaml")) if path in act.files]
    return [there[0], *over[:1]]


def _content(path: str, act: Act) -> str:
    text = act.stdin if path == "-" else act.files.get(absolute(path, act.cwd))
    if text is None or text == HOLE or not known(path):
        raise Unread(f"the compose file {path}".replace(HOLE, "…"))
    return text


def _variables(line: Line, folder: str, act: Act) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in line.every("env-file") or [f"{folder}/.env"]:
        found |= dotenv(act.files.get(absolute(path, act.cwd), ""))
    return found


def _chosen(
    services: Mapping[str, Any], named: Sequence[str], profiles: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The services that come up: those named and what they depend on, else all but those of other profiles."""
    wanted, waiting = set(), [name for name in named if name in services]
    while waiting:
        name = waiting.pop()
        service = services.get(name)
        if name in wanted or not isinstance(service, dict):
            continue
        wanted.add(name)
        depends = service.get("depends_on")
        waiting += [str(each) for each in depends] if isinstance(depends, dict | list) else []
    for name, service in services.items():
        if not isinstance(service, dict):
            raise Invalid(f"its service {name} is no mapping")
        if not {"image", "build", "extends", "provider"} & service.keys():
            raise Invalid(f"its service {name} has neither image nor build")
        own = service.get("profiles")
        asleep = isinstance(own, list) and own and not ({str(each) for each in own} | {"*"}) & profiles
        if name in wanted or (not named and not asleep):
            yield str(name), service
