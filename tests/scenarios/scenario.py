"""What a scenario is: five parts, each with its text for docs/scenarios.md beside what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .world import World

By = Literal["preview", "config", "policy", "status", "diagnosis", "up", "recover"]


@dataclass(frozen=True)
class Step:
    """Something done to the sandbox; `says` is Markdown for the page."""

    says: str
    do: Callable[[World], object]

    def __add__(self, other: Step) -> Step:
        def both(world: World) -> None:
            self.do(world)
            other.do(world)

        return Step(f"{self.says}, then {other.says}" if other.says else self.says, both)


@dataclass(frozen=True)
class Symptom:
    """What somebody notices. `check` raises AssertionError while it is not so; it is asked until `within_s`."""

    says: str
    check: Callable[[World], None]
    within_s: float = 30
    pause_s: float = 0.5  # between two looks


@dataclass(frozen=True)
class Seen:
    """Who says what is wrong, and in which words: each of `words` must stand in what `run` returns."""

    by: By
    words: tuple[str, ...]
    run: Callable[[World], str]
    command: str
    within_s: float = 0  # asked again until then; 0: once


@dataclass(frozen=True)
class Scenario:
    """One failure of the guide."""

    title: str
    guide: str  # the guide's section
    breaks: Step
    symptom: tuple[Symptom, ...]
    seen: tuple[Seen, ...]
    heal: Step
    cause: str | tuple[str, ...] = ()  # what `mech diagnose` names first; one of them where two things were broken
    uncaused: str = ""  # why it names none
    after: Symptom | None = None  # more than health that must be right again
    prepare: Step | None = None  # before, and not a part of the failure
    undo: Step | None = None  # at the end, also when it failed: what neither heal nor `pulumi up` takes away
    flushes_redis: bool = False  # the guide's own remedy empties Redis
    limits: str = ""  # what the scenario cannot show here
    name: str = field(default="", compare=False)  # set from the file's name
