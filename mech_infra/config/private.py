"""What of the config's objects is encrypted: the engine says it of a whole object, and decrypts all of it before the program sees it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mech_infra import catalogue
from mech_infra.config import environment
from mech_infra.config.types import NAMESPACE, environment_text, is_placeholder, nearest

Sections = dict[str, Any]


def hidden(sections: Sections, marked: Collection[str], file: Mapping[str, Any]) -> Iterator[str]:
    """Values of the marked sections that no sentence may show: those that the stack's file has not in plain text."""
    for name, section in sections.items():
        if name in marked or name == environment.SECRETS:
            shown = set(_leaves(file.get(name)))
            yield from (text for text in _leaves(section) if text not in shown)


def _leaves(value: Any) -> Iterator[str]:
    """Every text and number in it, as text."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


@dataclass
class Taken:
    """The services' secrets, by SERVICE.NAME: their values, the keys of the config under which they stand, what is wrong."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    places: dict[str, str] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)

    def keep(self, place: str, service: str, name: str, value: Any) -> None:
        key, place = f"{service}.{name}", f"{NAMESPACE}:{place}.{name}"
        try:
            text = environment_text(value)
        except ValueError as error:
            self.mistakes.append(f"{place}: {error}")
            return
        if key in self.places:
            self.mistakes.append(f"{place} stands at {self.places[key]}, too; take it out there")
        self.values[key], self.places[key] = text, place


def take(sections: Sections, marked: Collection[str], file: Mapping[str, Any]) -> Taken:
    """Take the services' secrets out of `sections`.

    `marked` are the sections in which something is encrypted. Of those only what the stack's `file` has in plain text, with the
    same value, is no secret: without the file all of a service's environment is one.
    """
    taken = Taken()
    section = sections.get("services")
    for service, settings in section.items() if isinstance(section, dict) and "services" in marked else ():
        inner = settings.get("environment") if isinstance(settings, dict) else None
        if not isinstance(inner, dict):
            continue
        for name in list(inner):
            if not _open(file, ("services", service, "environment", name), inner[name]):
                taken.keep(f"services.{service}.environment", service, name, inner.pop(name))
    if environment.SECRETS in sections:
        _own_room(sections.pop(environment.SECRETS), environment.SECRETS in marked, file, taken)
    return taken


def _own_room(room: Any, marked: bool, file: Mapping[str, Any], taken: Taken) -> None:
    place, wrong = f"{NAMESPACE}:{environment.SECRETS}", taken.mistakes
    for service, secrets in room.items() if isinstance(room, dict) else ():
        if service not in catalogue.SERVICES:
            like = nearest(service, catalogue.SERVICES)
            wrong.append(f"{place}.{service} is no service of the catalogue; correct its name{like}")
            continue
        for name, value in secrets.items() if isinstance(secrets, dict) else ():
            how = environment.set_secret(service, name)
            if not marked or _open(file, (environment.SECRETS, service, name), value):
                wrong.append(f"{place}.{service}.{name} stands in plain text; set it anew: {how}")
            elif isinstance(value, str) and is_placeholder(value):
                wrong.append(f"{place}.{service}.{name} is empty or a placeholder; set it: {how}")
            else:
                taken.keep(f"{environment.SECRETS}.{service}", service, name, value)
    if not isinstance(room, dict) or not all(isinstance(secrets, dict) for secrets in room.values()):
        wrong.append(f"{place} is by service, then by name; set one with: {environment.set_secret('NAME', 'KEY')}")


def _open(file: Mapping[str, Any], path: tuple[str, ...], value: Any) -> bool:
    """Whether the stack's file has it in plain text."""
    inner: Any = file
    for step in path:
        if not isinstance(inner, Mapping) or step not in inner:
            return False
        inner = inner[step]
    return not isinstance(inner, dict | list) and json.dumps(inner) == json.dumps(value)
