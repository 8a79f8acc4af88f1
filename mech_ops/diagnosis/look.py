"""A bundle as causes read it. What a cause reads is noted; what nobody could say raises Missing, and the cause is skipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from mech_ops.diagnosis import fleet
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.edge_codes import MEANINGS

Json = dict[str, Any]
State = Literal["ok", "degraded", "down", "unknown"]
_BAD: tuple[State, ...] = ("degraded", "down")


class Missing(Exception):
    """The source did not answer; the text says why."""


@dataclass(frozen=True)
class Answer:
    """One answer to "how are you?": `says` is for people, empty when all is well."""

    state: State
    code: int = 0
    says: str = ""
    ms: int = 0


@dataclass(frozen=True)
class View:
    """A service as seen from outside, at nginx and at its container: where it breaks lies between two of them."""

    name: str
    edge: Answer
    nginx: Answer
    container: Answer
    needs: dict[str, str]  # by dependency that is not well, what the service says of it

    @property
    def state(self) -> State:
        """What a visitor gets; where nobody could ask the edge, what nginx or the container would give."""
        return next((one.state for one in (self.edge, self.nginx, self.container) if one.state != "unknown"), "unknown")

    @property
    def failing(self) -> bool:
        return self.state in _BAD


@dataclass(frozen=True)
class Drift:
    """One declared fact of a sensor that is not so."""

    kind: str
    label: str
    there: str
    declared: str
    about: Json  # the check's own fields


class Look:
    """Facts by their source and name: `fact("host.docker")`, `fact("zone.settings")`.

    Of a fleet, `hosts` has each host's own part: there `host` is that one's name, and `beside` are containers that run on
    others. Here are the first one's facts, and how services are on all of them.
    """

    def __init__(self, bundle: Bundle, host: str = "", beside: frozenset[str] = frozenset()) -> None:
        self.bundle, self.host, self.beside = bundle, host, beside
        self.declared = bundle.declared
        self.read: set[str] = set()
        self.explained: set[str] = set()  # services that fail, and why is known already

    def fact(self, name: str) -> Any:
        """Raises Missing where its source was silent, or could not read this one."""
        self.read.add(name)
        source, _, key = name.partition(".")
        if source in self.bundle.silent:
            raise Missing(self.bundle.silent[source])
        found = (self.bundle.facts.get(source) or {}).get(key)
        if found is None:
            raise Missing(f"{name} could not be read")
        return found

    def silent(self, source: str) -> str:
        """Why a source said nothing; empty when it answered."""
        self.read.add(f"{source}.silent")
        return self.bundle.silent.get(source, "")

    def drift(self, *kinds: str, source: str = "host") -> list[Drift]:
        """Drift of these kinds of checks. Raises Missing where their source, mostly the host, could not be looked at."""
        self.read.update(f"drift.{kind}" for kind in kinds)
        if source in self.bundle.silent:
            raise Missing(self.bundle.silent[source])
        return [
            Drift(entry["kind"], entry["label"], entry["there"], entry["declared"], entry["about"])
            for entry in self.bundle.drift
            if entry["kind"] in kinds
        ]

    def told(self, *parts: str) -> list[str]:
        """Sentences of watches that have all of these parts. Raises Missing where the host could not be looked at."""
        self.read.add("host.told")
        if "host" in self.bundle.silent:
            raise Missing(self.bundle.silent["host"])
        return [
            said.removeprefix("not ours: ").removeprefix("not well: ").removesuffix(" (left as it is)")
            for said in self.bundle.told
            if all(part in said for part in parts)
        ]

    @cached_property
    def hosts(self) -> tuple[Look, ...]:
        """Empty where there is one host."""
        databases = frozenset(self.declared["containers"])
        return tuple(
            Look(part, name, databases - part.declared["containers"].keys())
            for name, part in fleet.each(self.bundle).items()
        )

    @cached_property
    def services(self) -> dict[str, Json]:
        return fleet.services(self.bundle)

    @cached_property
    def views(self) -> dict[str, View]:
        return {name: self._view(name) for name in self.services}

    @property
    def failing(self) -> set[str]:
        """Services that a visitor does not get, or not whole."""
        self.read.update(("edge.answers", "host.answers"))
        return {name for name, view in self.views.items() if view.failing} - self.explained

    def using(self, datastore: str) -> tuple[str, ...]:
        return tuple(name for name, about in self.services.items() if datastore in about["datastores"])

    def of_container(self, container: str) -> tuple[str, ...]:
        """The services that a container is, or that keep their data in it."""
        own = tuple(name for name, about in self.services.items() if container in about["containers"])
        return own or self.using(container)

    def needs(self) -> Iterator[tuple[str, str, str]]:
        """(service, dependency, what it says of it) wherever that is not "ok"."""
        self.read.update(("edge.answers", "host.answers"))
        for name, view in self.views.items():
            for dependency, word in view.needs.items():
                yield name, dependency, word

    def _view(self, name: str) -> View:
        outside = ((self.bundle.facts.get("edge") or {}).get("answers") or {}).get(name)
        inside = [(facts.get("answers") or {}).get(name) or {} for facts in fleet.host_facts(self.bundle)]
        nginx = [one.get("nginx") for one in inside]
        containers = [said for one in inside for said in (one.get("containers") or {}).values()]
        needs: dict[str, str] = {}
        for one in (outside, *nginx, *containers):
            needs |= {key: word for key, word in ((one or {}).get("dependencies") or {}).items() if word != "ok"}
        return View(name, _answer(outside), _worst(nginx), _worst(containers), needs)


def seconds(text: str) -> float:
    """Docker's times, which have nanoseconds, since 1970."""
    return dt.datetime.fromisoformat(text[:19] + "+00:00").timestamp()


def _worst(said: Sequence[Json | None]) -> Answer:
    answers = [_answer(one) for one in said]
    bad = [one for one in answers if one.state in _BAD]
    return next(iter(bad or answers), _answer(None))


def _answer(said: Json | None) -> Answer:
    if not said:
        return Answer("unknown")
    code, word, ms = int(said.get("code") or 0), str(said.get("status") or ""), int(said.get("ms") or 0)
    if word == "ok":
        return Answer("ok", code, "", ms)
    if word:
        ill = "; ".join(f"{key}: {value}" for key, value in (said.get("dependencies") or {}).items() if value != "ok")
        return Answer("degraded", code, ill or word, ms)
    if code == 0:
        error = str(said.get("error") or "no answer")
        return Answer("unknown" if said.get("waiting") else "down", 0, error, ms)
    if code == 200:
        return Answer("degraded", code, "answers 200, but not with a health report", ms)
    return Answer("down", code, MEANINGS.get(code, f"HTTP {code}"), ms)
