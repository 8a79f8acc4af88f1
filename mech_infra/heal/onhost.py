"""One run on the host: look, decide, note, act, see how it went; three times at most, then say what is left.

Goes there as one text with the readers of its facts (program.py), as the timer's program and as what `mech heal` sends:

    mech-heal [--dry-run] [--who WHO] [--wire]

Exit codes: 0 nothing was ill, or all is well again; 2 something is wrong that it does not or could not heal; 1 it could
not look. Standard library only.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fcntl
import http.client
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from mech_infra.facts.host.onhost import Readers, ask, looked
from mech_infra.heal.acting import Refused, act
from mech_infra.heal.audit import note, read
from mech_infra.heal.deciding import HOUR_S, plan
from mech_infra.heal.words import Json, Left, Plan, Step

LOCK = Path("/run/mech-heal.lock")
PASSES = 3  # room on the disk, then the databases, then who needs them
SETTLE_S = 75.0  # until a health check says that all are well: it begins 20 s after a start, and comes every 10 s
SOON_S = 40.0  # the same for who is not acted on: it needs no start, and a lost database is found again within 30 s
ALIVE_S = 3.0
PLANNED = "would be done"  # the outcome of a step of `--dry-run`
MARK = "MECH-HEAL "  # before each record of `--wire`


class Said:
    """What is told, as sentences or (`wire`) as records. Nobody who stops listening stops a run that is under way."""

    def __init__(self, wire: bool) -> None:
        self.wire = wire
        self._speaking = threading.Lock()

    def tell(self, kind: str, **about: object) -> None:
        if not self.wire and kind == "alive":
            return
        line = MARK + json.dumps({"kind": kind, **about}) if self.wire else sentence(kind, about)
        if not line:
            return
        with self._speaking, contextlib.suppress(OSError):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def sentence(kind: str, about: Json) -> str:
    if kind == "left":
        return f"left alone: {about['what']}: {about['why']}. Next: {about['then']}"
    if kind == "step":
        return f"{about['what']}: {about['did']} ({about['why']}): {about['outcome']}"
    return str(about.get("says", ""))


def healed(wanted: Readers, order: Json, argv: list[str]) -> int:
    """The run; its exit code."""
    options = argparse.ArgumentParser(prog="mech-heal")
    options.add_argument("--dry-run", action="store_true")
    options.add_argument("--wire", action="store_true")
    options.add_argument("--who", default="somebody on the host")
    given = options.parse_args(argv)
    said_here = Said(given.wire)
    with beating(said_here):
        if given.dry_run:
            found = plan(looked(wanted), order, read(), time.time())
            for step in found.steps:
                said_here.tell("step", **dataclasses.asdict(step), outcome=PLANNED)
            return ended(said_here, found)
        with lock() as mine:
            if not mine:
                said_here.tell("error", says="another healer is at work on this host: it is left to it")
                return 1
            return rounds(wanted, order, given.who, said_here)


@dataclasses.dataclass
class Done:
    """A step that was tried."""

    step: Step
    outcome: str
    acted: bool


def rounds(wanted: Readers, order: Json, who: str, said_here: Said) -> int:
    run_: Json = {"run": secrets.token_hex(4), "who": who}
    past = read()
    found = plan(looked(wanted), order, past, time.time())
    tried: set[str] = set()
    for _ in range(PASSES):
        if not (steps := [step for step in found.steps if step.what not in tried]):
            break
        tried |= {step.what for step in steps if step.did != "cut-log"}
        done = [tried_out(step, order, run_, past) for step in steps]
        settle(done, [one.what for one in found.left if one.soon])
        for each in done:
            said_here.tell("step", **dataclasses.asdict(each.step), outcome=each.outcome)
            with contextlib.suppress(OSError):
                past.append(note({**run_, **about(each.step), "outcome": each.outcome}))
        found = plan(looked(wanted), order, past, time.time())
    still = [Left(step.what, "waits", f"{step.why}, after a try just now", "mech heal again") for step in found.steps]
    remember(found.left, run_, past)
    return ended(said_here, Plan(left=(*found.left, *still)))


def tried_out(step: Step, order: Json, run_: Json, past: list[Json]) -> Done:
    """Noted first: what is forgotten would be done again and again."""
    try:
        past.append(note({**run_, **about(step), "outcome": "begun"}))
    except OSError as error:
        # On a full disk there is room for a note only after this.
        if step.did not in ("cut-log", "remove-images"):
            return Done(step, f"not done, since it cannot be noted ({error.strerror or error})", acted=False)
        past.append({"at": time.time(), **run_, **about(step), "outcome": "begun"})
    try:
        return Done(step, act(step, order), acted=True)
    except Refused as why:
        return Done(step, f"not done: {why}", acted=False)


def about(step: Step) -> Json:
    return {"did": step.did, "what": step.what, "id": step.id[:12], "why": step.why}


def settle(done: list[Done], soon: list[str]) -> None:
    """Wait until all who were acted on, and who stand on them, are well; the outcomes then say so."""
    mine = [each for each in done if each.acted and each.step.id]
    limits = dict.fromkeys(soon if mine else [], SOON_S) | {each.step.what: SETTLE_S for each in mine}
    waiting = dict.fromkeys(limits, "")
    begun, took, now = time.monotonic(), dict[str, float](), 0.0
    while any(now < limits[name] for name in waiting):
        waiting = {name: word for name in waiting if (word := still_ill(name))}
        now = time.monotonic() - begun
        took |= {each.step.what: now for each in mine if each.step.what not in {*waiting, *took}}
        time.sleep(1 if waiting else 0)
    for each in mine:
        how = waiting.get(each.step.what)
        each.outcome += f", {how} after {SETTLE_S:.0f} s" if how else f", well after {took[each.step.what]:.0f} s"


def still_ill(name: str) -> str:
    """How a container is that is not well (yet); empty where it is."""
    try:
        state = ask(f"/containers/{name}/json", timeout=5)["State"]
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return "unknown"
    word = (state.get("Health") or {}).get("Status") or "healthy" if state["Status"] == "running" else state["Status"]
    return "" if word == "healthy" else str(word)


def remember(left: tuple[Left, ...], run_: Json, past: list[Json]) -> None:
    """What is left alone, once an hour; what only waits for its time is not worth a line."""
    known = {(one["what"], one["did"]) for one in past if time.time() - one["at"] < HOUR_S}
    for one in left:
        if one.code != "waits" and (one.what, f"left: {one.code}") not in known:
            with contextlib.suppress(OSError):
                note(
                    {
                        **run_,
                        "did": f"left: {one.code}",
                        "what": one.what,
                        "why": one.why,
                        "outcome": f"next: {one.then}",
                    }
                )


def ended(said_here: Said, found: Plan) -> int:
    """`found` is what is to be done still, or is left; its exit code."""
    for one in found.left:
        said_here.tell("left", **dataclasses.asdict(one))
    code = 2 if found.left or found.steps else 0
    said_here.tell("end", code=code, says="" if code else "nothing is ill")
    return code


@contextlib.contextmanager
def lock() -> Iterator[bool]:
    """Whether this is the only run on the host."""
    with LOCK.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def beating(said_here: Said) -> Iterator[None]:
    """A sign of life now and then: who hears none for long knows that the host is away."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(ALIVE_S):
            said_here.tell("alive")

    said_here.tell("alive")
    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def command_line(wanted: Readers, order: Json) -> None:
    try:
        code = healed(wanted, order, sys.argv[1:])
    except OSError as error:
        sys.stderr.write(f"the healer stops: {error}\n")
        code = 1
    sys.stdout.flush()
    os._exit(code)  # without waiting for readers that are late
