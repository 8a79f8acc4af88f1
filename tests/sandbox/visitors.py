"""Many visitors in one process on the sandbox's internet: what `tests.sandbox.load` starts there.

Run as: python -m tests.sandbox.visitors, with a plan (JSON, see Plan) as the first line of standard input. A second
line ends it; so does the plan's time. It writes one JSON list a line, and `["ready"]` once what it asks for is there.
Each visitor has an address of its own and keeps its connections. Nothing is asked twice: what fails is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import random
import ssl
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

READ = "load-small"  # the file that reader is asked for
LATE = 30.0  # seconds after which an answer no longer counts, and after which a visitor who may end stops waiting
_UNDER_WAY = 1000  # requests at once; beyond it the rate cannot be kept, and that is a failure
_TELL_EVERY = 0.25
_BLOCK = 2**16
_PAUSE = 0.2  # seconds between two messages of a WebSocket


@dataclass(frozen=True)
class Plan:
    """What the visitors do. Rates are a second, all visitors together; counts of what lasts are at once."""

    base: str  # the address of a service, with {service} for its name
    services: list[str]
    rate: float
    seconds: float  # after which they end by themselves
    streams: int
    sockets: int
    uploads: int
    stream_s: int = 10
    upload_mb: int = 90
    upload_s: float = 20.0
    jobs: int = 0  # instead of all this: so many jobs for the queue, at `rate`
    ask: list[str] = field(default_factory=list)  # instead of all this: how these jobs are


@dataclass(frozen=True)
class Call:
    """A request that a visitor makes again and again; `weight` says how often among the others."""

    service: str
    method: str
    path: str
    weight: float
    status: int = 200
    body: Callable[[int], dict[str, Any]] | None = None


def calls(services: list[str]) -> list[Call]:
    """Front pages of all; what one service asks of another; what is written."""
    found = [Call(service, "GET", "/", 1.0) for service in services]
    more = (
        Call("reader", "GET", f"/read/{READ}", 1.0),
        Call("sequences", "GET", "/backlog", 1.0),
        Call("memories", "POST", "/memories", 1.0, 201, lambda n: {"text": f"visit {n}", "tags": ["load"]}),
        Call("queue", "POST", "/jobs", 1.0, 202, lambda n: {"type": "echo", "payload": n}),
    )
    return found + [call for call in more if call.service in services]


class Closed(Exception):
    """A connection ended before its answer did."""


async def _once(
    request: aiohttp.ClientRequest, handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
) -> aiohttp.ClientResponse:
    """aiohttp asks again where a kept connection was closed; here that is a failure to be told."""
    try:
        return await handler(request)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        if isinstance(error, aiohttp.ClientConnectorError):
            raise
        raise Closed(f"{type(error).__name__}: {error}") from error


class Visitors:
    def __init__(self, plan: Plan, addresses: list[str]) -> None:
        self._plan = plan
        self._addresses = addresses
        self._ends = asyncio.Event()
        self._sessions: list[aiohttp.ClientSession] = []
        self._told: list[list[Any]] = []
        self._behind = 0.0  # seconds by which the rate was not kept, at the worst
        self._random = random.Random(1)

    async def run(self) -> None:
        plan = self._plan
        async with contextlib.AsyncExitStack() as stack:
            context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
            for address in self._addresses:
                connector = aiohttp.TCPConnector(ssl=context, local_addr=(address, 0), limit=0, keepalive_timeout=30)
                timeout = aiohttp.ClientTimeout(total=LATE)
                self._sessions.append(
                    await stack.enter_async_context(
                        aiohttp.ClientSession(connector=connector, timeout=timeout, middlewares=(_once,))
                    )
                )
            telling = asyncio.ensure_future(self._tell())
            asyncio.get_running_loop().call_later(plan.seconds, self._ends.set)
            if plan.ask:
                await self._ask_jobs()
            elif plan.jobs:
                await self._give_jobs()
            else:
                await self._visit()
            telling.cancel()
            self._told.append(["end", self._behind])
            self._flush()

    def end(self) -> None:
        self._ends.set()

    # What they do

    async def _visit(self) -> None:
        plan = self._plan
        if "reader" in plan.services:
            await self._store()
        self._told.append(["ready"])
        lasting = [
            *(self._forever(self._stream) for _ in range(plan.streams if "llm" in plan.services else 0)),
            *(self._forever(self._socket) for _ in range(plan.sockets if "llm" in plan.services else 0)),
            *(self._forever(self._upload) for _ in range(plan.uploads if "storage" in plan.services else 0)),
        ]
        await asyncio.gather(self._steadily(), *lasting)

    async def _store(self) -> None:
        """The file that reader is asked for; raises what kept it from being there."""
        async with self._sessions[0].put(self._url("storage", f"/files/{READ}"), data=b"a few words\n") as answer:
            if answer.status != 201:
                raise Closed(f"the file for reader was not stored: {answer.status} {(await answer.text())[:200]}")

    async def _steadily(self) -> None:
        """Requests at the plan's rate, whether or not those before were answered."""
        chosen = calls(self._plan.services)
        weights = [call.weight for call in chosen]

        async def one(number: int) -> None:
            call = self._random.choices(chosen, weights)[0]
            await self._request(call, number)

        await self._at_rate(one, None)

    async def _at_rate(self, one: Callable[[int], Awaitable[None]], limit: int | None) -> None:
        if self._plan.rate <= 0:
            await self._ends.wait()
            return
        loop = asyncio.get_running_loop()
        running: set[asyncio.Future[None]] = set()
        begin = loop.time()
        for number in itertools.count() if limit is None else range(limit):
            wait = begin + number / self._plan.rate - loop.time()
            self._behind = max(self._behind, -wait)
            if wait > 0:
                await asyncio.sleep(wait)
            if self._ends.is_set():
                break
            if len(running) >= _UNDER_WAY:
                self._note("get", "-", "GET", "-", time.time(), 0, f"{_UNDER_WAY} requests are under way: not sent")
                continue
            task = asyncio.ensure_future(one(number))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)

    async def _request(self, call: Call, number: int) -> Any:
        """Make it and note what came of it; returns the answer's JSON where it is the one expected."""
        begin, kind = time.time(), "get" if call.method == "GET" else "post"
        status, said, version = 0, None, ""
        try:
            async with self._visitor().request(
                call.method, self._url(call.service, call.path), json=call.body(number) if call.body else None
            ) as answer:
                text = await answer.text()
                status, version = answer.status, answer.headers.get("X-Mech-Version", "")
            if status == call.status:
                said, text = json.loads(text), ""
            else:
                text = text or "no text"
        except (aiohttp.ClientError, OSError, TimeoutError, Closed, ValueError) as error:
            text = _words(error)
        self._note(kind, call.service, call.method, call.path, begin, status, text, version)
        return said

    async def _forever(self, one: Callable[[], Awaitable[None]]) -> None:
        while not self._ends.is_set():
            begin = time.monotonic()
            await one()
            if time.monotonic() - begin < 1:  # what fails at once is not tried as fast as it goes
                await asyncio.sleep(1)

    async def _stream(self) -> None:
        """One stream of events; it is whole when its last event is `done` and counts all the others."""
        path = f"/stream?seconds={self._plan.stream_s}&every=200"
        begin, seen, text, status, version = time.time(), 0, "", 0, ""
        limit = aiohttp.ClientTimeout(total=self._plan.stream_s + LATE, sock_read=LATE)
        try:
            async with self._visitor().get(self._url("llm", path), timeout=limit) as answer:
                status, version = answer.status, answer.headers.get("X-Mech-Version", "")
                if status != 200:
                    text = await answer.text() or "no text"
                else:
                    done = False
                    async for name, data in _events(answer.content):
                        if name == "done":
                            done = data.get("events") == seen
                        else:
                            seen += 1
                    text = "" if done else f"cut after {seen} events"
        except (aiohttp.ClientError, OSError, TimeoutError, Closed, ValueError) as error:
            text = f"cut after {seen} events: {_words(error)}"
        self._note("stream", "llm", "GET", path, begin, status, text, version)

    async def _socket(self) -> None:
        """One WebSocket that is talked to until the end."""
        begin = time.time()
        try:
            async with self._visitor().ws_connect(self._url("llm", "/echo"), max_msg_size=0) as socket:
                status, text = await self._talk(socket)
        except aiohttp.WSServerHandshakeError as error:
            status, text = error.status, f"refused: {error.status}"
        except (aiohttp.ClientError, OSError, TimeoutError, Closed) as error:
            status, text = 0, _words(error)
        self._note("socket", "llm", "GET", "/echo", begin, status, text)

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> tuple[int, str]:
        """(101, "") at the end; (1001, "") when told to connect again; else what went wrong."""
        echoed = 0
        while not self._ends.is_set():
            message = f"message {echoed}"
            await socket.send_str(message)
            got = await socket.receive(timeout=LATE)
            if got.type is aiohttp.WSMsgType.TEXT:
                if got.data != message:
                    return 101, f"said {got.data} after {echoed} messages"
                echoed += 1
                try:
                    # Listening between messages: what is closed is not to be written to.
                    got = await socket.receive(timeout=_PAUSE)
                except TimeoutError:
                    continue
            if got.type is aiohttp.WSMsgType.CLOSE and got.data == 1001:
                return 1001, ""
            return 101, f"{got.type.name} {got.data} after {echoed} messages"
        return 101, ""

    async def _upload(self) -> None:
        """One big file, at an even pace over the plan's seconds."""
        plan, path = self._plan, "/files/load-upload"
        size = plan.upload_mb * 10**6
        block = bytes(_BLOCK)
        begin, digest, text, status, version = time.time(), hashlib.sha256(), "", 0, ""

        async def body() -> AsyncIterator[bytes]:
            sent, started = 0, time.monotonic()
            while sent < size:
                part = block[: min(_BLOCK, size - sent)]
                digest.update(part)
                sent += len(part)
                yield part
                wait = started + plan.upload_s * sent / size - time.monotonic()
                await asyncio.sleep(max(0.0, wait))

        try:
            async with self._visitor().post(
                self._url("storage", path), data=body(), headers={"Content-Length": str(size)},
                timeout=aiohttp.ClientTimeout(total=plan.upload_s + 2 * LATE),
            ) as answer:  # fmt: skip
                status, version = answer.status, answer.headers.get("X-Mech-Version", "")
                text = await answer.text() or "no text"
                if status == 201 and json.loads(text)["sha256"] == digest.hexdigest():
                    text = ""
        except (aiohttp.ClientError, OSError, TimeoutError, Closed, ValueError) as error:
            text = _words(error)
        self._note("upload", "storage", "POST", path, begin, status, text, version)

    # Jobs

    async def _give_jobs(self) -> None:
        self._told.append(["ready"])

        async def one(number: int) -> None:
            order = {"type": "sleep", "payload": {"seconds": 0.02}}
            said = await self._request(Call("queue", "POST", "/jobs", 1, 202, lambda _: order), number)
            if said is not None:
                self._told.append(["job", said["id"]])

        await self._at_rate(one, self._plan.jobs)

    async def _ask_jobs(self) -> None:
        self._told.append(["ready"])

        async def one(number: int) -> None:
            id_ = self._plan.ask[number]
            async with self._visitor().get(self._url("queue", f"/jobs/{id_}")) as answer:
                text = await answer.text()
                said = json.loads(text) if answer.status == 200 else {}
                self._told.append(
                    ["state", id_, said.get("state", f"{answer.status} {text[:100]}"), said.get("attempts")]
                )

        await self._at_rate(one, len(self._plan.ask))

    # What they tell

    def _note(
        self, kind: str, service: str, method: str, path: str, begin: float, status: int, text: str, version: str = ""
    ) -> None:
        ms = round((time.time() - begin) * 1000, 1)
        self._told.append(["said", round(begin, 3), ms, kind, service, method, path, status, text[:300], version])

    async def _tell(self) -> None:
        while True:
            self._flush()
            await asyncio.sleep(_TELL_EVERY)

    def _flush(self) -> None:
        told, self._told = self._told, []
        sys.stdout.write("".join(json.dumps(line) + "\n" for line in told))
        sys.stdout.flush()

    def _url(self, service: str, path: str) -> str:
        return self._plan.base.format(service=service) + path

    def _visitor(self) -> aiohttp.ClientSession:
        return self._random.choice(self._sessions)


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """(name, data) of each server-sent event that came whole."""
    name, data = "", ""
    async for line in content:
        key, _, value = line.decode().rstrip("\n").partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            data = value
        elif not key and line.endswith(b"\n"):
            yield name, json.loads(data)
            name, data = "", ""


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip(": ") if not isinstance(error, Closed) else str(error)


async def main() -> None:
    plan = Plan(**json.loads(sys.stdin.readline()))
    visitors = Visitors(plan, os.environ["MECH_ADDRESSES"].split(","))
    loop = asyncio.get_running_loop()

    def wait_for_the_end() -> None:
        sys.stdin.readline()
        with contextlib.suppress(RuntimeError):  # it ended by itself
            loop.call_soon_threadsafe(visitors.end)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    await visitors.run()


if __name__ == "__main__":
    asyncio.run(main())
    # A thread may still wait for standard input.
    sys.stdout.flush()
    os._exit(0)
