"""The ring: every recorded call replayed against the stand-ins and compared field by field.

`python -m tests.parity.ring` prints the figures; exit code 2 when something differs that known.yaml does not list, or
when the program declares what was never recorded.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi  # noqa: F401 - the whole SDK first: the stand-ins' stubs would put a part of it in its place

from sandbox.providers.command.provider import Command
from sandbox.providers.docker import converging
from sandbox.providers.docker.engine import Engine
from sandbox.providers.docker.provider import Docker
from sandbox.providers.docker.service import Service
from sandbox.providers.servicer import Servicer
from sandbox.providers.vultr.provider import Vultr
from tests.parity import coverage, docker_world, forms, hand, known, vultr_world
from tests.parity.comparing import Difference, differences
from tests.parity.recordings import Call, calls
from tests.parity.replaying import answer, servicer


@dataclass
class Report:
    recorded: int = 0
    replayed: int = 0
    fields: int = 0
    by_form: int = 0  # of the fields: those that are random by nature, compared by their form
    listed: int = 0  # of the fields: those that differ as known.yaml says
    differing: list[tuple[Call, Difference]] = field(default_factory=list)
    stale: list[known.Entry] = field(default_factory=list)

    @property
    def well(self) -> bool:
        return not self.differing and not self.stale and self.replayed == self.recorded

    @property
    def figures(self) -> str:
        return (
            f"calls recorded {self.recorded}, replayed {self.replayed}; fields compared {self.fields} "
            f"({self.by_form} of them by form); differing {len(self.differing)}, listed in known.yaml {self.listed}"
        )

    def __str__(self) -> str:
        lines = [self.figures]
        lines += [f"  {call}: {difference}" for call, difference in self.differing[:40]]
        if len(self.differing) > 40:
            lines.append(f"  … and {len(self.differing) - 40} more")
        lines += [f"  known.yaml lists what no longer differs: {entry}" for entry in self.stale]
        return "\n".join(lines)


class Stage:
    """The three stand-ins, each before a world of its own."""

    def __init__(self, vultr: vultr_world.VultrWorld, everything: tuple[Call, ...]) -> None:
        self.vultr = vultr
        self.docker = docker_world.DockerWorld(everything)
        self.plugins: dict[str, Servicer] = {
            "vultr": servicer(Vultr()), "docker": servicer(Docker()), "command": servicer(Command()),
        }  # fmt: skip

    def begin(self, step: list[Call]) -> None:
        for resource in self.plugins["command"].provider.by_token.values():
            vars(resource).pop("run", None)
            if step[0].step not in hand.REAL_COMMANDS:
                resource.run = _run  # type: ignore[attr-defined]
        edits = hand.before(step[0].step)
        self.vultr.begin(step, edits)
        self.docker.begin(step, edits)

    def answer(self, call: Call) -> tuple[dict[str, Any], str]:
        if call.method == "Create" and not call.preview:
            # An id that a cloud makes is random: ours makes the recorded one, so that later requests find the thing.
            id = (
                call.response.get("id", "")
                or "".join(re.findall(r"Service with ID \((\w+)\)", call.error))
                or call.error
            )
            self.vultr.next_id = self.docker.next_id = id
        found = answer(self.plugins[call.plugin], call)
        self.vultr.next_id = self.docker.next_id = ""
        return found


def _run(*arguments: Any) -> dict[str, Any]:
    """Stands for the host behind a command; what it says is compared by form."""
    return {"stdout": "said by the host", "stderr": ""}


@contextmanager
def stage(everything: tuple[Call, ...]) -> Iterator[Stage]:
    """The stand-ins' environment, for as long as it lasts: loopback only."""
    before = dict(os.environ)
    connect: Callable[[Engine], Any] = Engine._connect
    with tempfile.TemporaryDirectory(prefix="mech-parity-") as folder, vultr_world.running(Path(folder)) as vultr:
        os.environ.update(MECH_VULTR_URL=vultr.url, VULTR_API_KEY=vultr_world.KEY)
        found = Stage(vultr, everything)
        Engine._connect = lambda self: found.docker.client()  # type: ignore[method-assign]
        looks, delay = converging._looks, Service.read_delay
        converging._looks, Service.read_delay = lambda *_: iter([None]), 0.0  # nothing comes later here
        try:
            yield found
        finally:
            Engine._connect = connect  # type: ignore[method-assign]
            converging._looks, Service.read_delay = looks, delay
            os.environ.clear()
            os.environ.update(before)


def replay(everything: tuple[Call, ...] | None = None, listed: list[known.Entry] | None = None) -> Report:
    """Replays all calls, or the given ones. Raises ValueError where known.yaml or the recordings cannot be read."""
    everything = calls() if everything is None else everything
    listed = known.entries() if listed is None else listed
    report, used = Report(recorded=len(everything)), set()
    with stage(everything) as on:
        for _, group in itertools.groupby(everything, key=lambda call: call.step):
            step = list(group)
            on.begin(step)
            for call in step:
                ours, error = on.answer(call)
                report.replayed += 1
                count, found = differences({**call.response, "error": call.error}, {**ours, "error": error})
                report.fields += count
                for difference in found:
                    if forms.alike(call, difference):
                        report.by_form += 1
                        continue
                    entry = known.find(listed, call, difference)
                    if entry is None:
                        report.differing.append((call, difference))
                    else:
                        report.listed += 1
                        used.add(entry)
    report.stale = [entry for entry in listed if entry not in used]
    return report


def main() -> int:
    report = replay()
    print(report)
    with tempfile.TemporaryDirectory(prefix="mech-parity-") as folder:
        declared = coverage.declared(Path(folder))
    missing = coverage.unseen(declared, coverage.known(calls()))
    print(f"declared by the program and recorded: {coverage.size(declared)} types and properties; not: {len(missing)}")
    print("\n".join(f"  {line}" for line in missing), end="\n" * bool(missing))
    print(f"not compared: {', '.join(coverage.not_compared(declared))}")
    return 0 if report.well and not missing else 2


if __name__ == "__main__":
    sys.exit(main())
