"""What a fact is: a check that the program declares, or a watch over what it does not."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

Facts = Mapping[str, Any]
"""By reader (`program.reads`) what it found; None where that failed."""


class Unreachable(Exception):
    """Who has the facts did not answer; the text says how. `told` is for who has told the user."""

    told = False


class _Wired(ABC):
    """Goes into the stack's state as plain data, and comes back in the process that looks."""

    kind: ClassVar[str]
    reads: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, kind: str = "", reads: Iterable[str] = (), **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.reads = tuple(reads)
        if kind:
            cls.kind = kind

    @property
    def wire(self) -> dict[str, Any]:
        known = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        return {"kind": self.kind, **{name: value for name, value in known.items() if value is not None}}

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Self | None:
        """From the state; None for what an older or newer program wrote there, which the next update brings up to date."""
        found = next((sub for sub in _below(cls) if vars(sub).get("kind") == wire.get("kind")), None)
        if found is None:
            return None
        names = {field.name for field in dataclasses.fields(found)}
        try:
            made: Self = found(**{name: value for name, value in wire.items() if name in names})
            return made
        except TypeError:
            return None


class Check(_Wired):
    """One fact in the program's own terms: `label: good` is what the stack's state shows.

    `reads` are the facts without which it is not judged: what could not be read is no drift.
    """

    @property
    @abstractmethod
    def label(self) -> str:
        """Its subject, unique in its sensor."""

    @property
    @abstractmethod
    def good(self) -> str:
        """The word for "as declared"."""

    @abstractmethod
    def judge(self, facts: Facts) -> str | None:
        """What is there in place of the good word; None when it is as declared."""

    @property
    def wire(self) -> dict[str, Any]:
        # The good word too: after `pulumi refresh` the state holds what was seen in its place.
        return {"good": self.good, **super().wire}

    def seen(self, facts: Facts) -> str:
        """The word that is true."""
        looked = all(facts.get(name) is not None for name in self.reads)
        return (self.judge(facts) if looked else None) or self.good


@dataclasses.dataclass(frozen=True)
class Setting(Check):
    """One of many settings of a subject: its name, and the value that it should have."""

    name: str
    value: str

    @property
    def label(self) -> str:
        return self.name

    @property
    def good(self) -> str:
        return self.value


class Watch(_Wired):
    """Something that is not ours, or that no `pulumi up` heals: a person should know of it; never part of the state."""

    @abstractmethod
    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        """Sentences, none when there is nothing to say. `access` is how the sensor looks: the host's address, say."""


def _below(cls: type[Any]) -> Iterator[type[Any]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _below(sub)


def observe(checks: Mapping[str, Mapping[str, Any]], facts: Facts) -> dict[str, str]:
    """Each check's label (from the state) with the word that is true: the good one, or what is there in its place."""
    return {label: check.seen(facts) if (check := Check.of(wire)) else wire["good"] for label, wire in checks.items()}


def findings(watches: Iterable[Mapping[str, Any]], facts: Facts, access: Mapping[str, Any]) -> list[str]:
    """What the watches (from the state) have to say."""
    return [text for wire in watches if (watch := Watch.of(wire)) for text in watch.tell(facts, access)]


def listed(facts: Facts, name: str, *path: str) -> list[Any]:
    """A list somewhere in a fact; [] where it could not be read."""
    value: Any = facts.get(name)
    for step in path:
        value = (value or {}).get(step)
    return list(value or [])
