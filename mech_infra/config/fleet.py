"""Config of the hosts beside the first one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, field_validator

from mech_infra.config.plans import Plan, Size, size
from mech_infra.config.types import Section, twice, wrong


@dataclass(frozen=True)
class Member:
    """A host of the fleet. `mark` is what its name has behind the first one's: w1, m2; nothing for that one itself."""

    name: str
    mark: str
    manager: bool
    plan: str
    drained: bool

    @property
    def first(self) -> bool:
        """It has the data volume, and with it the databases."""
        return not self.mark

    @property
    def size(self) -> Size:
        return size(self.plan)


class FleetConfig(Section):
    """More hosts than one, by Docker Swarm. All are in mech:host.region, since a private network of Vultr's is in one region.

    The first one (mech) has the data volume and the databases; the services' tasks are on all. With no workers and one
    manager there is no swarm, and everything is as with a single host.
    """

    workers: int = Field(
        0,
        description="hosts beside the managers: mech-w1, mech-w2, …, each with an address and records of its own",
        examples=[2],
        ge=0,
        le=20,
        json_schema_extra=wrong(
            "Each is rented by the hour. One that is taken away gives its tasks to the others first; where those have no memory left "
            "for them, the config is refused",
            21,
            -1,
            "two",
        ),
    )
    managers: Literal[1, 3] = Field(
        1,
        description="hosts that hold the swarm's state: mech, and with 3 also mech-m2 and mech-m3; they run tasks, too",
        examples=[3],
        json_schema_extra=wrong(
            "With 1, nothing is rescheduled while mech is down; with 3, one of them may be. Two are worse than one: both are needed",
            2,
            0,
            True,
        ),
    )
    worker_plan: Plan | None = Field(
        None,
        description="Vultr's plan of the workers; not set: mech:host.plan",
        examples=["vc2-2c-4gb"],
        json_schema_extra=wrong(
            "Refused when the tasks of the services do not fit on the members, or one has more cpus",
            "8gb",
            "vc2-0c-0gb",
        ),
    )
    manager_plan: Plan | None = Field(
        None,
        description="Vultr's plan of the second and third manager; not set: mech:host.plan, which is the first one's",
        examples=["vc2-2c-4gb"],
        json_schema_extra=wrong(
            "Refused when the tasks of the services do not fit on the members, or one has more cpus", "vc2-4c", ""
        ),
    )
    network: bool = Field(
        False,
        description="the first host has the private network also while it is alone; free of charge, and there anyway in a fleet",
        examples=[True],
        json_schema_extra=wrong(
            "Vultr restarts a host that runs when it is put onto one: some seconds to a minute without the platform, once. With true from "
            "the stack's first day, the way to a fleet interrupts nothing",
            "10.0.0.0/8",
        ),
    )
    encrypted: bool = Field(
        True,
        description="what containers on different hosts say to each other is encrypted (IPsec, by Docker)",
        examples=[False],
        json_schema_extra=wrong(
            "With false, whoever listens on the private network reads it, database passwords included. A kernel without ESP cannot "
            "encrypt, and `pulumi up` says so (the sandbox's is one)",
            "aes",
        ),
    )
    drained: tuple[str, ...] = Field(
        (),
        description="members that take no tasks and have no records, by name: before work on one of them",
        examples=[["mech-w1"]],
        json_schema_extra=wrong(
            "One that stays here is paid for and does nothing. The first host cannot be named, since the databases stay on it",
            ["mech-w9"],
            ["mech"],
            "mech-w1",
        ),
    )

    @field_validator("managers", mode="before")
    @classmethod
    def _a_majority(cls, managers: object) -> object:
        if isinstance(managers, bool):
            raise ValueError(f"{str(managers).lower()} is no number; write 1 or 3")
        if managers in (2, "2"):
            raise ValueError("2 managers need both of them, so that either one's end stops the swarm; write 1 or 3")
        return int(managers) if managers in ("1", "3") else managers

    @field_validator("drained")
    @classmethod
    def _once(cls, drained: tuple[str, ...]) -> tuple[str, ...]:
        twice(drained)
        return drained

    def members(self, first: str, plan: str) -> tuple[Member, ...]:
        """All hosts, the first one (its name and plan are mech:host's) first; only that one where there is no fleet."""
        marks = [("", True), *((f"m{n}", True) for n in range(2, self.managers + 1))]
        marks += [(f"w{n}", False) for n in range(1, self.workers + 1)]
        return tuple(
            Member(
                name=(name := f"{first}-{mark}" if mark else first),
                mark=mark,
                manager=manager,
                plan=plan if not mark else (self.manager_plan if manager else self.worker_plan) or plan,
                drained=bool(mark) and name in self.drained,
            )
            for mark, manager in marks
        )
