"""Visitors who ask without a pause while something is changed, and what came of each request.

    with Load(stack.settings, rate=100) as load:
        begin = time.time()
        stack.up()
        end = time.time()
    result = load.result()
    assert result.failed == [] and result.cut == []
    assert result.between(begin, end).p99 < 3 * result.outside(begin, end).p99

The visitors are a process on the sandbox's internet (tests.sandbox.visitors) with as many addresses as nginx's rate
limit asks for, and come by the edge. For people: python -m tests.sandbox.load --sandbox NAME --seconds 60
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from mech_infra.catalogue import SERVICES
from sandbox import internet
from sandbox.settings import Settings
from sandbox.settings import load as settings_of

from .answers import Result, Said
from .stack import REPO
from .visitors import Plan
from .visits import LATE

BASE = "https://{service}.mech.is"
PER_ADDRESS = 25  # requests a second of one visitor, half of nginx's rate limit as the guide has it
_READY_S = 60.0


class _Place:
    """A process of visitors who carry out a plan; what they tell comes to `hear`, line by line."""

    def __init__(self, settings: Settings, plan: Plan, visitors: int | None = None) -> None:
        self._settings, self._plan = settings, plan
        # Four at least, so that no address is all of them; more where the rate asks for it.
        self._visitors = visitors or min(60, max(4, math.ceil(plan.rate / PER_ADDRESS)))
        self._stack = contextlib.ExitStack()
        self._heard = threading.Condition()
        self._ready = self._ended = False

    def __enter__(self) -> Any:
        self._process = self._stack.enter_context(
            internet.process(
                self._settings, [sys.executable, "-m", "tests.sandbox.visitors"], further=self._visitors - 1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPO,
            )
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._write(json.dumps(dataclasses.asdict(self._plan)))
            with self._heard:
                self._heard.wait_for(lambda: self._ready or self._ended, _READY_S)
                if not self._ready:
                    raise AssertionError("the visitors could not begin; what they say is on standard error")
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._stack:
            if error is None:
                self.end()

    def end(self) -> None:
        """Let them finish what is under way."""
        with contextlib.suppress(OSError):  # they ended by themselves
            self._write("end")
        self.wait()

    def wait(self) -> None:
        """Until they have ended by themselves: their time is over, or all is done."""
        plan = self._plan
        longest = plan.seconds + 3 * LATE + plan.stream_s + plan.upload_s
        with self._heard:
            if not self._heard.wait_for(lambda: self._ended, longest):
                raise AssertionError(f"the visitors do not end after {longest:.0f} s")

    def hear(self, what: str, *about: Any) -> None:
        raise NotImplementedError

    def _read(self) -> None:
        for line in self._process.stdout or ():
            what, *about = json.loads(line)
            with self._heard:
                if what == "ready":
                    self._ready = True
                else:
                    self.hear(what, *about)
                self._heard.notify_all()
        with self._heard:
            self._ended = True
            self._heard.notify_all()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()


class Load(_Place):
    """A steady load on `services`, `rate` requests a second; it ends with the block, or after `seconds`.

    Besides the requests so many streams, WebSockets and uploads are always under way. `visitors` is how many
    addresses they come from.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        services: Iterable[str] = tuple(SERVICES),
        rate: float = 100,
        seconds: float = 900,
        streams: int = 4,
        sockets: int = 4,
        uploads: int = 1,
        visitors: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(
            settings, Plan(BASE, list(services), rate, seconds, streams, sockets, uploads, **more), visitors
        )
        self._said: list[Said] = []
        self._behind = 0.0

    def hear(self, what: str, *about: Any) -> None:
        if what == "said":
            self._said.append(Said(*about))
        elif what == "end":
            (self._behind,) = about

    def result(self) -> Result:
        """What came of all so far; `behind` is known at the end."""
        with self._heard:
            return Result(list(self._said), self._behind)


class _Answers(_Place):
    """How some jobs are: {id: (state, attempts)}."""

    def __init__(self, settings: Settings, ids: Sequence[str]) -> None:
        super().__init__(settings, Plan(BASE, ["queue"], 200, 300, 0, 0, 0, ask=list(ids)))
        self.states: dict[str, tuple[str, int]] = {}

    def hear(self, what: str, *about: Any) -> None:
        if what == "state":
            id_, state, attempts = about
            self.states[id_] = state, attempts


class Jobs(_Place):
    """`count` jobs for the queue, handed in over `seconds` by visitors; then what became of those it accepted.

    with Jobs(stack.settings, 1000, seconds=60) as jobs:
        stack.up()
    assert jobs.refused == [] and jobs.lost(within=60) == {}
    """

    def __init__(self, settings: Settings, count: int, seconds: float = 30) -> None:
        super().__init__(settings, Plan(BASE, ["queue"], count / seconds, seconds + 2 * LATE, 0, 0, 0, jobs=count))
        self.accepted: list[str] = []
        self.refused: list[Said] = []
        self.attempts: Counter[int] = Counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._stack:
            if error is None:
                self.wait()

    def hear(self, what: str, *about: Any) -> None:
        if what == "job":
            self.accepted += about
        elif what == "said" and (said := Said(*about)).text:
            self.refused.append(said)

    def lost(self, within: float = 60) -> dict[str, str]:
        """Accepted jobs that are not done after so many seconds, and how they are. `attempts` counts all the others."""
        ends = time.monotonic() + within
        open_ = dict.fromkeys(self.accepted, "not asked")
        self.attempts.clear()
        while open_ and time.monotonic() < ends:
            with _Answers(self._settings, list(open_)) as answers:
                answers.wait()
            for id_ in list(open_):
                state, attempts = answers.states.get(id_, ("not answered", 0))
                if state == "done":
                    self.attempts[attempts] += 1
                    del open_[id_]
                else:
                    open_[id_] = state
            if open_:
                time.sleep(1)
        return open_


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.load", description="A load on a sandbox that is up.")
    parser.add_argument("--sandbox", help="its name; else $MECH_SANDBOX, else main")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=100, help="requests a second (default: 100)")
    for name, number in (("streams", 4), ("sockets", 4), ("uploads", 1)):
        parser.add_argument(f"--{name}", type=int, default=number, help=f"at once (default: {number})")
    parser.add_argument("--jobs", type=int, default=0, help="instead: so many jobs for the queue in the time")
    given = parser.parse_args()
    settings = settings_of(given.sandbox)
    if given.jobs:
        with Jobs(settings, given.jobs, given.seconds) as jobs:
            pass
        lost = jobs.lost()
        print(
            f"{len(jobs.accepted)} jobs accepted, {len(jobs.refused)} refused, {len(lost)} lost; attempts: {dict(jobs.attempts)}"
        )
        sys.exit(2 if lost or jobs.refused else 0)
    with Load(
        settings, rate=given.rate, seconds=given.seconds, streams=given.streams, sockets=given.sockets,
        uploads=given.uploads,
    ) as load:  # fmt: skip
        load.wait()
    result = load.result()
    print(result.summary())
    sys.exit(2 if result.failed or result.cut else 0)


if __name__ == "__main__":
    main()
