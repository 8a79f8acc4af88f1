"""`mech ps`: rows out of the host's facts."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import pytest
from rich.console import Console

from mech_ops.errors import OpsError
from mech_ops.everyday import ps

from . import stand

NOW = dt.datetime(2026, 11, 27, 3, 0, 10, tzinfo=dt.UTC)
Json = dict[str, Any]
IMAGES = {"sha256:218c": "redis:alpine"}


def facts(**changes: Json | None) -> Json:
    """A platform that is well, with llm's version before beside it; `changes` are of containers by name with _ for -."""
    labels = {
        "mech.service": "llm",
        "mech.slot": "green",
        "mech.version": "2b",
        "mech.image": "ghcr.io/mech/llms:1.0.1",
    }
    queue = {
        "mech.service": "queue",
        "mech.slot": "blue",
        "mech.version": "1a",
        "mech.image": "ghcr.io/mech/queue:1.0.0",
    }
    listed = {
        "redis": {}, "mech-queue": queue, "mech-llms": labels, "mech-llms-2": labels,
        "mech-llms-9f": {**labels, "mech.slot": "blue", "mech.version": "9f"},
    }  # fmt: skip
    about = {
        "state": "running",
        "health": "healthy",
        "restarts": 0,
        "memory": 512 << 20,
        "started": "2026-11-27T02:00:00.123456789Z",
    }
    inspected = {name: dict(about) for name in listed} | {"mech-llms-9f": {**about, "state": "exited"}}
    for name, change in changes.items():
        name = name.replace("_", "-")
        if change is None:
            del inspected[name], listed[name]
        else:
            inspected[name] |= change
    containers = [{"name": name, "image": "sha256:218c", "labels": given} for name, given in listed.items()]
    return {
        "docker": {"containers": containers},
        "inspected": inspected,
        "usage": {"redis": {"used": 7 << 20, "limit": 8 << 20}},
    }


def look(**changes: Json | None) -> list[ps.Row]:
    return ps.rows(stand.platform().declared, IMAGES, facts(**changes))


def test_all_is_well_and_who_stands_by_does_not_count() -> None:
    found = look()
    assert [row.container for row in found] == ["mech-queue", "mech-llms", "mech-llms-2", "mech-llms-9f", "redis"]
    assert [(row.slot, row.version, row.state) for row in found[1:4]] == [
        ("green", "2b", "running"), ("green", "2b", "running"), ("blue", "9f", "exited"),
    ]  # fmt: skip
    assert ps.exit_code(found) == 0
    assert json.loads(ps.as_json(found))[4]["memory_used"] == 7 << 20


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"mech_queue": None}, "it is not there"),
        ({"redis": {"state": "exited"}}, "it is exited"),
        ({"mech_llms_2": {"health": "unhealthy"}}, "it is not healthy"),
    ],
)
def test_what_is_wrong_is_said_and_is_exit_code_2(changes: Json, wrong: str) -> None:
    found = look(**changes)
    assert [row.wrong for row in found if row.wrong] == [wrong]
    assert ps.exit_code(found) == 2


def test_the_table_has_versions_times_and_memory_for_people() -> None:
    out = io.StringIO()
    Console(file=out, width=200).print(ps.table(look(redis={"restarts": 3}), NOW))
    queue, llm, *_, redis = out.getvalue().splitlines()[1:]
    assert queue.split()[:6] == ["queue", "mech-queue", "1.0.0", "blue", "running", "healthy"]
    assert "1.0.1" in llm and "– / 512 MiB" in llm
    assert "alpine" in redis and "1 h" in redis and "7 / 512 MiB" in redis and redis.split()[6] == "3"


def test_a_docker_that_does_not_answer_is_one_sentence() -> None:
    for silent in ("docker", "inspected"):
        with pytest.raises(OpsError, match="Docker on the host does not answer"):
            ps.rows(stand.platform().declared, IMAGES, {**facts(), silent: None})


def test_a_host_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def facts(access: Json, asked: Json) -> Json:
        raise ps.platform.trip.Unreachable("Connection timed out")

    monkeypatch.setattr(ps.platform.trip, "facts", facts)
    monkeypatch.setattr(ps.platform, "read", lambda stack: stand.platform())
    with pytest.raises(OpsError, match=r"^host 192.0.2.9 cannot be asked: Connection timed out. Next: mech diagnose$"):
        ps.look(None)
