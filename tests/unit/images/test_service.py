"""The services' stand-in: what it says of itself, its streams, and what its broken tags do."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import images
from sandbox.images import golang

from .rig import Service, World, answers, running_world


@pytest.fixture(scope="module", autouse=True)
def doomed(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, float]]:
    """A service that crashes in 20 s, and when it began: the last test here looks at what became of it."""
    with running_world(program, tmp_path_factory.mktemp("doomed")) as made:
        yield made.start("queue", MECH_FAULT="crashes"), time.monotonic()


def test_it_says_its_version_and_which_container_it_is(world: World) -> None:
    memories = world.start("memories", MECH_VERSION="1.0.1")
    answer = httpx.get(memories.url + "/")
    assert answer.json() == {"service": "memories", "version": "1.0.1"}
    assert answer.headers["X-Mech-Version"] == "1.0.1"
    assert answer.headers["X-Mech-Instance"] == socket.gethostname()
    assert memories.get("/health")["version"] == "1.0.1"


def test_every_broken_tag_but_one_names_a_fault_that_the_program_knows() -> None:
    named = {variable for run in images.BROKEN.values() for variable in run.get("Env", [])}
    source = (golang.SOURCE / "internal/app/fault.go").read_text()
    assert len(named) == len(images.BROKEN) - 1 == source.count("Fault = ")
    assert all(f'"{variable.partition("=")[2]}"' in source for variable in named)


def test_a_fault_that_nobody_knows_is_refused(world: World) -> None:
    service = world.start("queue", listens=False, MECH_FAULT="hungry")
    assert service.ended() == 1
    assert 'MECH_FAULT is "hungry"; it must be one of [exits silent unhealthy crashes memory]' in service.text


def test_broken_exits(world: World) -> None:
    service = world.start("queue", listens=False, MECH_FAULT="exits")
    assert service.ended() == 1
    assert service.text.startswith("Error: this build is broken and cannot start")


def test_broken_silent(world: World) -> None:
    service = world.start("queue", listens=False, MECH_FAULT="silent")
    time.sleep(1)
    assert service.process.poll() is None and not answers(service)
    service.stop()
    assert service.ended() == 0


def test_broken_unhealthy(world: World) -> None:
    sequences = world.start("sequences", MECH_FAULT="unhealthy")
    answer = httpx.get(sequences.url + "/health", timeout=10)
    assert answer.status_code == 503
    assert answer.json()["dependencies"]["build"] == "this build is broken (MECH_FAULT=unhealthy)"
    assert answers(sequences)


def test_broken_memory(world: World) -> None:
    service = world.start("queue", MECH_FAULT="memory")
    held = next(
        line for line in Path(f"/proc/{service.process.pid}/status").read_text().splitlines() if line[:5] == "VmRSS"
    )
    assert int(held.split()[1]) > 200_000


def events(text: str) -> list[tuple[str, Any]]:
    """(name, data) of each."""
    found = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((lines.get("event", ""), json.loads(lines["data"])))
    return found


def test_a_stream_ends_with_done(world: World) -> None:
    llm = world.start("llm", MECH_VERSION="1.0.0")
    answer = httpx.get(llm.url + "/stream?seconds=1&every=100")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    *some, last = events(answer.text)
    assert 8 <= len(some) <= 10 and {data["version"] for _, data in some} == {"1.0.0"}
    assert last == ("done", {"events": len(some)})
    for wrong in ("seconds=0", "seconds=x", "every=1"):
        assert httpx.get(f"{llm.url}/stream?{wrong}").status_code == 400


def test_broken_crashes(doomed: tuple[Service, float]) -> None:
    service, began = doomed
    assert service.ended(30) == 2
    assert "panic: Error: this build is broken (MECH_FAULT=crashes)" in service.text
    # It was well before that: the fixture saw it answer.
    assert time.monotonic() - began > 15
