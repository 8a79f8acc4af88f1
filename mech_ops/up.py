"""`pulumi up` as a person wants to watch it: one live line a phase, then what changed; the engine's words when it fails."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from mech_ops import host_state, pulumi
from mech_ops.drift import events
from mech_ops.drift.events import Json, Step
from mech_ops.drift.words import part, subject
from mech_ops.errors import OpsError

_DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted", "import": "adopted"}
_COMMAND = "$command:local:Command::"
_INNER = ("pulumi:", "mech:platform:", "pulumi-python:")
_NAMED = 6  # of a part that had more changes than that, they are counted
_QUIET_S = 20  # where no line can live, one is printed so often
Hear = Callable[[Json], None]


@dataclass
class Progress:
    """What the engine has done so far, out of its events."""

    looked: int = 0
    running: dict[str, tuple[Step, float]] = field(default_factory=dict)  # by URN, since when
    changed: dict[str, tuple[str, Step]] = field(default_factory=dict)
    same: int = 0
    told: dict[str, str] = field(default_factory=dict)  # by URN, what a command says of its own progress
    warnings: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # the engine's own, as it fails

    def take(self, event: Json) -> None:
        if said := event.get("diagnosticEvent"):
            self._said(said)
        elif before := event.get("resourcePreEvent"):
            step = events.step(before["metadata"])
            if step and not step.type.startswith(_INNER):
                self.running[step.urn] = (step, time.monotonic())
        elif after := event.get("resOutputsEvent"):
            about = after["metadata"]
            self.running.pop(about["urn"], None)
            self.looked += about["op"] == "refresh"
            self.same += about["op"] == "same"
            step = events.step(about)
            if step and not step.type.startswith(_INNER):
                self.changed[step.urn] = (_DONE[step.op], step)
        elif failed := event.get("resOpFailedEvent"):
            self.running.pop(failed["metadata"]["urn"], None)

    def _said(self, said: Json) -> None:
        text, urn = str(said.get("message", "")).strip(), str(said.get("urn", ""))
        if said.get("ephemeral") and _COMMAND in urn and text:
            self.told[urn] = text
        if said.get("severity") == "warning" and text not in self.warnings:
            self.warnings.append(text)
        if said.get("severity") in ("error", "info#err") and text:
            self.words.append(f"{urn.rpartition('::')[2] or 'pulumi'}: {text}")

    def line(self) -> str:
        """Where it is now."""
        if not self.running and not self.changed:
            return f"asking what is there: {self.looked} looked at"
        now = sorted(self.running.values(), key=lambda one: one[1])
        said = ", ".join(self._at(step, since) for step, since in now[:3])
        more = f" and {len(now) - 3} more" if len(now) > 3 else ""
        return f"putting it right: {len(self.changed)} done" + (f"; {said}{more}" if said else "")

    def _at(self, step: Step, since: float) -> str:
        how = [f"{time.monotonic() - since:.0f} s", *([self.told[step.urn]] if step.urn in self.told else [])]
        return f"{subject(step)} ({', '.join(how)})"

    def summary(self) -> list[str]:
        """What changed, a line a part of the platform; then how much did not."""
        by_part: dict[str, list[tuple[str, Step]]] = {}
        for how, step in self.changed.values():
            by_part.setdefault(part(step), []).append((how, step))
        lines = []
        for name, found in by_part.items():
            if len(found) > _NAMED:
                said = ", ".join(f"{count} {how}" for how, count in Counter(how for how, _ in found).items())
            else:
                said = ", ".join(f"{subject(step)} {how}" for how, step in found)
            lines.append(f"  {name:12} {said}")
        total = Counter(how for how, _ in self.changed.values())
        counted = [f"{count} {how}" for how, count in total.items()]
        last = [
            f"{urn.rpartition('::')[2]}: {text}"
            for urn, text in self.told.items()
            if urn in self.changed and text not in self.warnings
        ]
        return [*last, *lines, ", ".join([*counted, f"{self.same} unchanged"])]


def up(stack: str | None, console: Console, verbose: bool = False, hear: Hear = lambda event: None) -> None:
    """Run it. `verbose`: with the engine's own output. Raises OpsError, after the engine's words, where it fails."""
    progress, begin, told = Progress(), time.monotonic(), time.monotonic()
    live: AbstractContextManager[Status | None] = nullcontext()
    if console.is_terminal and not verbose:
        live = Status("starting", console=console)

    def take(event: Json) -> None:
        nonlocal told
        progress.take(event)
        hear(event)
        if isinstance(shown, Status):
            shown.update(escape(progress.line()))
        elif not verbose and time.monotonic() - told > _QUIET_S:
            told = time.monotonic()
            console.print(f"{told - begin:4.0f} s  {progress.line()}", markup=False)

    try:
        with live as shown:
            pulumi.up(stack, take, verbose, refresh=not _unasked(stack))
    except OpsError:
        for text in [*progress.warnings, *progress.words]:  # such as that Docker on the host hangs
            console.print(text, markup=False, soft_wrap=True)
        raise
    if not verbose:
        for text in [*progress.warnings, *progress.summary()]:
            console.print(text, markup=False, soft_wrap=True)
        console.print(f"`pulumi up` took {time.monotonic() - begin:.0f} s", markup=False)


def _unasked(stack: str | None) -> bool:
    """Whether the host that could say what is there is one that this run makes anew (mech_ops.host_state)."""
    try:
        state: Json = json.loads(pulumi.run(pulumi.export_command(stack)))
    except (OpsError, ValueError):  # the engine has a better word for what is wrong
        return False
    return bool(state.get("deployment")) and host_state.to_come(state)
