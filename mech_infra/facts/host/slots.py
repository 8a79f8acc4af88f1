"""Services in their slots (mech_infra.rollout): who serves, and under whose name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_infra.backup.words import LIVE
from mech_infra.commands.containers import REPLICA, SERVICE, VERSION
from mech_infra.commands.nginx import FLAGS
from mech_infra.commands.rollout import PROGRAM, RECORDS
from mech_infra.commands.ssh import VIGIL_MARK
from mech_infra.facts.host import docker
from mech_infra.facts.host.onhost import python_at_work
from mech_infra.facts.host.program import asked
from mech_infra.facts.model import Check, Facts


# A vigil may outlive the engine where the connection died without a word; no `up` takes as long as that.
@asked(flags=FLAGS, records=RECORDS, marks=[PROGRAM, VIGIL_MARK, LIVE], longest_s=1800)
def rollouts(flags: str, records: str, marks: list[str], longest_s: float) -> dict[str, Any]:
    """Whether an engine, a rollout's step or a restore is at work on the host, which services' green slot serves, and by service
    the version that was watched to the end last."""
    working = python_at_work(marks, longest_s)
    green = sorted(path.stem for path in Path(flags).glob("*.green"))
    good = {path.name: path.read_text(errors="replace") for path in Path(records).glob("*") if path.is_file()}
    return {"working": working, "green": green, "good": good}


@dataclass(frozen=True)
class Slot(Check, kind="slot", reads=["files"]):
    """nginx passes a service's requests to the slot of the declared version."""

    flag: str
    labels: Mapping[str, str]
    good: str = "blue"  # or green

    label = "serves from slot"

    def judge(self, facts: Facts) -> str | None:
        there = "green" if self.flag in facts["files"] else "blue"
        # A version that was refused is stopped, and that the one before serves is as it should be.
        return None if there == self.good or not docker.running(self.labels, facts) else there


def slot(service: str, slot: str, version: str) -> Slot:
    return Slot(f"{FLAGS}/{service}.green", {SERVICE: service, VERSION: version}, slot)


@dataclass(frozen=True)
class BearsName(Check, kind="bears-name"):
    """The guide's name is with a container of the service; the Docker provider does not look (the switch gave it)."""

    name: str
    labels: Mapping[str, str]

    @property
    def label(self) -> str:
        return f"container {self.name}"

    good = "so called"

    def judge(self, facts: Facts) -> str | None:
        names = docker.running(self.labels, facts)
        # Where none runs, that is another check's to tell.
        return None if not names or self.name in names else f"is called {names[0]}"


def bears_name(name: str, service: str, replica: int) -> BearsName:
    return BearsName(name, {SERVICE: service, REPLICA: str(replica)})
