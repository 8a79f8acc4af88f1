"""SIGTERM to the services' stand-in: what is under way ends, and what does not is given back and done by another."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import aiohttp
import httpx

from .rig import Service, World, answers, free_port, until


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
    until(lambda: all(other.get(f"/jobs/{one}")["state"] == "done" for one in (id_, waiting)), 15)
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
