"""Services in their slots (mech_infra.rollout): who serves, and under whose name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mech_infra.commands.containers import REPLICA, SERVICE, VERSION
from mech_infra.commands.nginx import FLAGS
from mech_infra.facts.host import docker
from mech_infra.facts.model import Check, Facts


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
