"""The load that rollouts are judged by: it tells what failed, was cut or moved, and its figures are right."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from sandbox.settings import load as settings_of
from tests.sandbox.answers import Result, Said
from tests.sandbox.load import Jobs, Load
from tests.sandbox.stack import REPO
from tests.sandbox.visitors import Plan


class Platform:
    """Eight services in one server on loopback, under /SERVICE/…; `wrong` says what goes wrong once, by path."""

    def __init__(self) -> None:
        self.wrong: dict[str, list[str]] = {}
        self.seen: Counter[str] = Counter()
        self.peers: set[str] = set()
        self.connections: set[tuple[str, int]] = set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peer = request.transport.get_extra_info("peername")
        self.peers.add(peer[0])
        self.connections.add(peer)
        service, _, path = request.path.lstrip("/").partition("/")
        name = f"{request.method} {service} /{path}"
        self.seen[name] += 1
        wrong = self.wrong.get(name, [])
        how = wrong.pop(0) if wrong else ""
        if how == "502":
            return web.Response(status=502, text="Bad Gateway")
        if how == "abort":
            request.transport.abort()
            return web.Response()
        if path == "stream":
            return await self._stream(request, how)
        if path == "echo":
            return await self._echo(request, how)
        digest = hashlib.sha256()
        async for piece in request.content.iter_any():
            digest.update(piece)
        sum_ = "other" if how == "spoiled" else digest.hexdigest()
        status = {"PUT": 201, "POST": 202 if path == "jobs" else 201}.get(request.method, 200)
        job = f"job-{self.seen[name]}"
        return web.json_response(
            {"id": job, "sha256": sum_}, status=status, headers={"X-Mech-Version": "2" if how == "new" else "1"}
        )

    async def _stream(self, request: web.Request, how: str) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(3):
            await response.write(b"id: %d\ndata: {}\n\n" % number)
        if how != "cut":
            await response.write(b'event: done\ndata: {"events": %d}\n\n' % (2 if how == "fewer" else 3))
        await asyncio.sleep(0.5)
        return response

    async def _echo(self, request: web.Request, how: str) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str("mumble" if how == "mumble" else message.data)
            if how in ("1001", "1000"):
                await socket.close(code=int(how))
            if how == "vanish":
                assert request.transport is not None
                request.transport.abort()
        return socket


@contextmanager
def serving(platform: Platform) -> Iterator[str]:
    """The address of a platform that runs in a thread of its own."""
    loop, started, found = asyncio.new_event_loop(), threading.Event(), []

    async def start() -> None:
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", platform.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.append(runner.addresses[0][1])
        started.set()

    def run() -> None:
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield f"http://127.0.0.1:{found[0]}/{{service}}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def carried_out(plan: Plan, into: Load | Jobs) -> None:
    """The visitors at work, with two addresses of loopback; what they tell goes to `into`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox.visitors"], cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={"MECH_ADDRESSES": "127.0.0.1,127.0.0.2"},
    )  # fmt: skip
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(dataclasses.asdict(plan)).encode() + b"\n")
    process.stdin.flush()
    try:
        for line in process.stdout:
            what, *about = json.loads(line)
            if what != "ready":
                into.hear(what, *about)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def loaded(platform: Platform, **plan: Any) -> Result:
    about = {"services": ["llm", "storage", "memories", "queue"], "rate": 0, "seconds": 2.5, "streams": 0, "sockets": 0,
             "uploads": 0, **plan}  # fmt: skip
    load = Load(settings_of("no-such-sandbox"))
    with serving(platform) as base:
        carried_out(Plan(base, **about), load)
    return load.result()


def test_a_steady_rate_by_kept_connections_from_several_addresses() -> None:
    platform = Platform()
    result = loaded(platform, rate=100, services=["llm", "reader", "sequences", "memories", "queue", "storage"])
    assert result.failed == [] and 200 <= result.total <= 251
    assert {one.service for one in result.said} == {"llm", "reader", "sequences", "memories", "queue", "storage"}
    assert platform.seen["PUT storage /files/load-small"] == 1
    for call in (
        "GET reader /read/load-small",
        "GET sequences /backlog",
        "POST memories /memories",
        "POST queue /jobs",
    ):
        assert platform.seen[call] > 3
    assert platform.peers == {"127.0.0.1", "127.0.0.2"}
    assert len(platform.connections) < 60  # of more than 200 requests
    assert result.versions == {"1": result.total}
    assert 0 < result.p50 <= result.p99 < 2000 and result.behind < 1


def test_every_failure_is_told_and_nothing_is_asked_twice() -> None:
    platform = Platform()
    platform.wrong = {"GET llm /": ["", "502", "abort", "new"]}
    result = loaded(platform, rate=20, services=["llm"])
    assert [(one.status, one.service) for one in result.failed] == [(502, "llm"), (0, "llm")]
    assert result.failed[0].text == "Bad Gateway" and "ServerDisconnectedError" in result.failed[1].text
    assert "get llm GET /: 502 after" in str(result.failed[0])
    assert result.versions["2"] == 1
    assert platform.seen["GET llm /"] == result.total


def test_streams_that_do_not_come_to_their_end_are_cut() -> None:
    platform = Platform()
    platform.wrong = {"GET llm /stream": ["cut", "fewer", "502"]}
    result = loaded(platform, streams=1, seconds=4.5)
    assert [one.text for one in result.cut] == ["cut after 3 events", "cut after 3 events", "Bad Gateway"]
    assert result.total > 3 and result.of("stream").total == result.total


@pytest.mark.parametrize(
    ("how", "moved", "text"),
    [
        ("1001", True, ""),
        ("1000", False, "CLOSE 1000 after 1 messages"),
        ("vanish", False, "CLOSED None after 1 messages"),
        ("mumble", False, "said mumble after 0 messages"),
        ("502", False, "refused: 502"),
    ],
)
def test_websockets_move_or_are_cut(how: str, moved: bool, text: str) -> None:
    platform = Platform()
    platform.wrong = {"GET llm /echo": [how]}
    result = loaded(platform, sockets=1)
    assert [one.text for one in result.cut] == ([] if moved else [text])
    assert len(result.moved) == moved
    assert platform.seen["GET llm /echo"] == result.total == 2


def test_uploads_are_whole_and_slow() -> None:
    platform = Platform()
    platform.wrong = {"POST storage /files/load-upload": ["", "spoiled"]}
    result = loaded(platform, uploads=1, upload_mb=3, upload_s=1.5, seconds=4)
    assert result.of("upload").total >= 3
    assert [one.status for one in result.failed] == [201] and '"other"' in result.failed[0].text
    assert all(one.ms > 1400 for one in result.said)


def test_jobs_are_counted_by_what_the_queue_accepted() -> None:
    platform = Platform()
    platform.wrong = {"POST queue /jobs": ["", "502"]}
    jobs = Jobs(settings_of("no-such-sandbox"), 20)
    with serving(platform) as base:
        carried_out(Plan(base, ["queue"], 50, 20, 0, 0, 0, jobs=20), jobs)
    assert len(jobs.accepted) == len(set(jobs.accepted)) == 19
    assert [one.status for one in jobs.refused] == [502]


def said(at: float, ms: float = 1, kind: str = "get", text: str = "") -> Said:
    return Said(at, ms, kind, "llm", "GET", "/", 200, text, "1")


def test_figures() -> None:
    result = Result(
        [*(said(n, n + 1) for n in range(100)), said(3, 9000, "stream"), said(4, 9000, "upload", "cut off")]
    )
    assert (result.total, len(result.requests), result.p50, result.p99) == (102, 100, 50, 99)
    assert (result.between(0, 50).p99, result.between(0, 50).total) == (50, 52)
    assert result.outside(0, 50).p50 == 75 and result.outside(0, 50).failed == []
    assert [one.kind for one in result.failed] == ["upload"] and result.cut == []
    assert Result([]).p99 == 0
    assert "100 requests in 99 s" in result.summary() and "1 failed, 0 cut" in result.summary()
