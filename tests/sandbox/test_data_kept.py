"""Every change that a stack's config knows of its databases, under write load: what was acknowledged is there.

MECH_CHANGE_ROUNDS says how many times each change is made, there and back; without it, four of them once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from .outside import start_writing, stop_writing, written
from .stack import REPO, STACK, Stack

ROUNDS = int(os.environ.get("MECH_CHANGE_ROUNDS", "0"))


@dataclass(frozen=True)
class Change:
    """`mech:datastores` before is empty. `same`: the database keeps its container, since Docker can change that in place."""

    database: str
    values: dict[str, Any]
    same: bool

    @property
    def name(self) -> str:
        return f"{self.database}-{'-'.join(self.values)}"


CHANGES = (
    Change("redis", {"memoryMb": 640}, same=True),
    Change("redis", {"memoryMb": 256}, same=True),
    Change("redis", {"save": "60 100"}, same=True),
    Change("redis", {"save": ""}, same=True),
    Change("redis", {"appendOnly": False}, same=True),
    Change("redis", {"cpus": 1.0}, same=False),
    Change("redis", {"image": "redis:latest"}, same=False),
    Change("mongodb", {"memoryMb": 1280}, same=True),
    Change("mongodb", {"cpus": 1.5}, same=False),
    Change("mongodb", {"image": "mongo:latest"}, same=False),
)


PLAYED = CHANGES if ROUNDS else CHANGES[::4] + CHANGES[-1:]


@pytest.fixture(scope="module")
def stack(platform: Stack) -> Iterator[Stack]:
    start_writing(platform)
    yield platform
    stop_writing(platform)


def change(stack: Stack, datastores: dict[str, Any]) -> None:
    about = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
    about["config"]["mech:datastores"] = datastores
    file = stack.settings.state / "changed.yaml"
    file.write_text(yaml.safe_dump(about))
    stack.up("--config-file", str(file))


def container(stack: Stack, name: str) -> str:
    return stack.ssh(f"docker inspect -f '{{{{.Id}}}} {{{{.State.StartedAt}}}}' {name}")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("round_", range(1, max(1, ROUNDS) + 1))
@pytest.mark.parametrize(
    "wanted", PLAYED, ids=lambda wanted: f"{wanted.name}-{next(iter(wanted.values.values())) or 'none'}"
)
def test_what_was_acknowledged_is_there(stack: Stack, wanted: Change, round_: int) -> None:
    before = container(stack, wanted.database)
    change(stack, {wanted.database: wanted.values})
    changed = container(stack, wanted.database)
    kept = written(stack)
    assert (changed == before) is wanted.same
    change(stack, {})
    assert (container(stack, wanted.database) == changed) is wanted.same
    again = written(stack)
    assert again["redis"] > kept["redis"]
    assert again["mongodb"] > kept["mongodb"]
    stack.well()
    print(f"\n{wanted.name}: acknowledged and there: {again}")


def test_a_log_that_is_new_begins_with_what_the_snapshot_has(stack: Stack) -> None:
    """Redis takes a missing append-only file for no data: switched on while it is down, it would begin empty."""
    change(stack, {"redis": {"appendOnly": False}})
    kept = written(stack)
    stack.ssh("docker stop -t 60 redis && test ! -e /opt/mech-services/shared/data/redis/appendonlydir")
    change(stack, {})
    assert stack.ssh("docker exec redis redis-cli config get appendonly").split()[-1] == "yes"
    assert written(stack)["redis"] >= kept["redis"]


def test_a_log_that_would_not_be_read_is_not_left_behind(stack: Stack) -> None:
    stack.ssh("docker stop -t 60 redis")
    with pytest.raises(AssertionError, match="let it start once with mech:datastores.redis.appendOnly true"):
        change(stack, {"redis": {"appendOnly": False}})
    change(stack, {})
    written(stack)
    stack.well()


def test_a_log_that_was_switched_off_by_hand_is_put_aside(stack: Stack) -> None:
    """Left there, it would be taken for the newest data when Redis is down and the log is declared again."""
    stack.ssh("docker exec redis redis-cli config set appendonly no")
    change(stack, {"redis": {"appendOnly": False}})
    stack.ssh("test ! -e /opt/mech-services/shared/data/redis/appendonlydir")
    change(stack, {})
    written(stack)
    stack.well()
