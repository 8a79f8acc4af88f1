"""The services' stand-in as a program on this machine, with a real Redis: what a rollout and its tests rely on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from sandbox import images
from sandbox.images import golang
from sandbox.settings import load

REDIS = shutil.which("redis-server")
pytestmark = pytest.mark.skipif(REDIS is None, reason="no redis-server on this machine; `make setup` installs it")


def free_port() -> int:
    """Below the ports that the kernel gives to connections, which might take it before the service does."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("0.0.0.0", port))
            return port
    raise AssertionError("no free port")


def until(what: Callable[[], Any], within: float = 10, said: Callable[[], str] = str) -> Any:
    """The first answer that counts; fails after so many seconds, with what `said` says."""
    ends = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < ends, f"waited in vain: {said()}"
        time.sleep(0.05)
    return found


@dataclass
class Service:
    """A running service; what it wrote is in `log`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    @property
    def text(self) -> str:
        return self.log.read_text()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def ended(self, within: float = 10) -> int:
        return self.process.wait(within)

    def get(self, path: str, **more: Any) -> Any:
        return httpx.get(self.url + path, timeout=10, **more).json()

    def post(self, path: str, body: Any, **more: Any) -> Any:
        return httpx.post(self.url + path, json=body, timeout=10, **more).raise_for_status().json()


@dataclass
class World:
    program: Path
    folder: Path
    redis: int
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, listens: bool = True, **env: str) -> Service:
        port = free_port()
        log = self.folder / f"{name}-{port}.log"
        variables = {
            "SERVICE_NAME": name, "PORT": str(port), "REDIS_URL": f"redis://127.0.0.1:{self.redis}",
            "MONGODB_URI": "mongodb://127.0.0.1:1/mech", "OPENAI_BASE_URL": "http://127.0.0.1:1", **env,
        }  # fmt: skip
        with log.open("wb") as out:
            process = subprocess.Popen([self.program], env=variables, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        self.running.append(process)
        made = Service(process, f"http://127.0.0.1:{port}", log)
        if listens:
            until(lambda: "listens on port" in made.text and answers(made), said=lambda: made.text)
        return made

    def keys(self, *command: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(self.redis), *command], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


def answers(service: Service) -> bool:
    try:
        return httpx.get(service.url + "/", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("service")
    golang.ours(load(), "mech-service", into)
    return into / "mech-service"


@contextlib.contextmanager
def running_world(program: Path, folder: Path) -> Iterator[World]:
    port = free_port()
    assert REDIS
    redis = subprocess.Popen(
        [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    made = World(program, folder, port, [redis])
    try:
        until(lambda: subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True).stdout == b"PONG\n")
        yield made
    finally:
        for process in reversed(made.running):
            process.kill()
            process.wait()


@pytest.fixture
def world(program: Path, tmp_path: Path) -> Iterator[World]:
    with running_world(program, tmp_path) as made:
        yield made


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


def stream(llm: Service, seconds: int, into: list[str]) -> threading.Thread:
    """A reader of one stream, who has read something when this returns."""

    def read() -> None:
        try:
            with httpx.stream("GET", f"{llm.url}/stream?seconds={seconds}&every=50", timeout=20) as answer:
                into.extend(answer.iter_lines())
        except httpx.TransportError as error:
            into.append(type(error).__name__)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    until(lambda: into)
    return thread


def test_a_stream_under_way_is_finished_before_the_service_stops(world: World) -> None:
    llm = world.start("llm")
    lines: list[str] = []
    reader = stream(llm, 3, lines)
    llm.stop()
    until(lambda: not answers(llm), 2)
    assert llm.process.poll() is None
    reader.join(10)
    assert "event: done" in lines
    assert llm.ended() == 0


def test_a_stream_that_lasts_too_long_is_cut(world: World) -> None:
    llm = world.start("llm", STOP_TIMEOUT_S="1")
    lines: list[str] = []
    reader = stream(llm, 60, lines)
    llm.stop()
    reader.join(10)
    assert "event: done" not in lines and lines[-1] == "RemoteProtocolError"
    assert llm.ended() == 1
    assert "Error: requests were cut that did not end in 1s" in llm.text


def test_a_websocket_echoes_and_is_told_when_to_go(world: World) -> None:
    llm = world.start("llm")

    async def scenario() -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(llm.url + "/echo") as socket_:
            for text in ("one", "two"):
                await socket_.send_str(text)
                assert await socket_.receive_str(timeout=5) == text
            llm.stop()
            message = await socket_.receive(timeout=5)
            assert message.type is aiohttp.WSMsgType.CLOSE and socket_.close_code == 1001

    asyncio.run(scenario())
    assert llm.ended() == 0


def state(world: World, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.keys("GET", f"mech:queue:job:{id_}"))
    return found


def test_a_job_under_way_is_finished_before_the_queue_stops(world: World) -> None:
    queue = world.start("queue")
    id_ = queue.post("/jobs", {"type": "sleep", "payload": {"seconds": 2}})["id"]
    until(lambda: state(world, id_)["state"] == "running")
    queue.stop()
    assert queue.ended() == 0
    assert (state(world, id_)["state"], state(world, id_)["attempts"]) == ("done", 1)


def test_a_job_that_lasts_too_long_is_given_back(world: World) -> None:
    queue = world.start("queue", STOP_TIMEOUT_S="1")
    id_ = queue.post("/jobs", {"type": "sleep", "payload": {"seconds": 4}})["id"]
    waiting = queue.post("/jobs", {"type": "echo"})["id"]
    until(lambda: state(world, id_)["state"] == "running")
    queue.stop()
    assert queue.ended() == 0
    assert (state(world, id_)["state"], state(world, id_)["attempts"]) == ("queued", 0)
    assert world.keys("LLEN", "mech:queue:active") == "0"
    other = world.start("queue")
    for one in (id_, waiting):
        until(lambda one=one: other.get(f"/jobs/{one}")["state"] == "done", 15)
    assert state(world, id_)["attempts"] == 1


def test_what_was_killed_is_gone_on_with_by_another(world: World) -> None:
    queue = world.start("queue")
    sequences = world.start("sequences", QUEUE_URL=queue.url)
    sequence = sequences.post("/sequences", {"steps": [{"type": "echo"}] * 2})["id"]
    ids = [queue.post("/jobs", {"type": "sleep", "payload": {"seconds": 0.2}})["id"] for _ in range(6)]
    until(lambda: any(state(world, id_)["state"] == "running" for id_ in ids))
    queue.process.kill()
    sequences.process.kill()
    queue = world.start("queue", QUEUE_WORKERS="8")
    sequences = world.start("sequences", QUEUE_URL=queue.url)
    # A lease of 10 s, and two looks with 5 s between them; MongoDB's absence costs each job 2 s more.
    until(lambda: all(queue.get(f"/jobs/{id_}")["state"] == "done" for id_ in ids), 60)
    until(lambda: sequences.get(f"/sequences/{sequence}")["state"] == "done", 60)
    assert world.keys("LLEN", "mech:queue:active") == "0"


def test_the_same_key_is_the_same_job(world: World) -> None:
    queue = world.start("queue")
    key = {"Idempotency-Key": "order-1"}
    first = queue.post("/jobs", {"type": "echo", "payload": 1}, headers=key)
    assert queue.post("/jobs", {"type": "echo", "payload": 2}, headers=key)["id"] == first["id"] == "order-1"
    until(lambda: queue.get("/jobs/order-1")["state"] == "done")
    assert queue.get("/jobs/order-1")["result"] == 1
    assert httpx.post(queue.url + "/jobs", json={"type": "echo"}, headers={"Idempotency-Key": "a b"}).status_code == 400


def test_a_sequence_goes_on_elsewhere_when_its_service_stops(world: World) -> None:
    queue = world.start("queue", QUEUE_WORKERS="4")
    one = world.start("sequences", QUEUE_URL=queue.url)
    steps = [{"type": "sleep", "payload": {"seconds": 0.5}}] * 3
    id_ = one.post("/sequences", {"steps": steps})["id"]
    until(lambda: one.get(f"/sequences/{id_}")["steps"][0].get("job"))
    one.stop()
    assert one.ended(2) == 0
    other = world.start("sequences", QUEUE_URL=queue.url)
    done = until(lambda: (got := other.get(f"/sequences/{id_}"))["state"] != "running" and got, 40)
    assert done["state"] == "done" and [step["state"] for step in done["steps"]] == ["done"] * 3
    # Each step was one job, and no other was made.
    assert [step["job"] for step in done["steps"]] == [f"{id_}-{number}" for number in range(3)]
    assert len(world.keys("KEYS", "mech:queue:job:*").split()) == 3


def test_a_sequence_waits_for_a_queue_that_is_away(world: World) -> None:
    port = free_port()
    sequences = world.start("sequences", QUEUE_URL=f"http://127.0.0.1:{port}")
    assert httpx.get(sequences.url + "/backlog").status_code == 502
    id_ = sequences.post("/sequences", {"steps": [{"type": "echo"}]})["id"]
    time.sleep(1)
    assert sequences.get(f"/sequences/{id_}")["state"] == "running"
    queue = world.start("queue", PORT=str(port), listens=False)
    until(lambda: sequences.get(f"/sequences/{id_}")["state"] == "done", 15)
    assert sequences.get("/backlog") == {"pending": 0, "active": 0}
    assert queue.process.poll() is None


def test_broken_crashes(doomed: tuple[Service, float]) -> None:
    service, began = doomed
    assert service.ended(30) == 2
    assert "panic: Error: this build is broken (MECH_FAULT=crashes)" in service.text
    # It was well before that: the fixture saw it answer.
    assert time.monotonic() - began > 15
