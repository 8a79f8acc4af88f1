"""Many visitors in one process on the sandbox's internet: what `tests.sandbox.load` starts there.

Run as: python -m tests.sandbox.visitors, with a plan (JSON, see Plan) as the first line of standard input. A second
line ends it; so does the plan's time. It writes one JSON list a line, and `["ready"]` once what it asks for is there.
Each visitor has an address of its own and keeps its connections. What a visitor does once: tests.sandbox.visits.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import ssl
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from . import visits
from .visits import LATE, Outcome

READ = "load-small"  # the file that reader is asked for
_UNDER_WAY = 1000  # requests at once; beyond it the rate cannot be kept, and that is a failure
_TELL_EVERY = 0.25


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
    """A request that visitors make again and again."""

    service: str
    method: str
    path: str
    status: int = 200
    body: Callable[[int], dict[str, Any]] | None = None


def calls(services: list[str]) -> list[Call]:
    """Front pages of all; what one service asks of another; what is written."""
    found = [Call(service, "GET", "/") for service in services]
    more = (
        Call("reader", "GET", f"/read/{READ}"),
        Call("sequences", "GET", "/backlog"),
        Call("memories", "POST", "/memories", 201, lambda n: {"text": f"visit {n}", "tags": ["load"]}),
        Call("queue", "POST", "/jobs", 202, lambda n: {"type": "echo", "payload": n}),
    )
    return found + [call for call in more if call.service in services]


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
                        aiohttp.ClientSession(connector=connector, timeout=timeout, middlewares=(visits.once,))
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
        stored = await visits.ask(self._sessions[0], "PUT", self._url("storage", f"/files/{READ}"), 201, "a few words")
        if stored.text:
            raise RuntimeError(f"the file for reader was not stored: {stored.status} {stored.text[:200]}")

    async def _steadily(self) -> None:
        """Requests at the plan's rate, whether or not those before were answered."""
        known = calls(self._plan.services)

        async def one(number: int) -> None:
            await self._request(self._random.choice(known), number)

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
                late = Outcome(text=f"{_UNDER_WAY} requests are under way: not sent")
                self._note(time.time(), "get", "-", "GET", "-", late)
                continue
            task = asyncio.ensure_future(one(number))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)

    async def _request(self, call: Call, number: int) -> Any:
        """Make it and note what came of it; returns the answer's JSON where it is the one expected."""
        kind = "get" if call.method == "GET" else "post"
        url, body = self._url(call.service, call.path), call.body(number) if call.body else None
        asking = visits.ask(self._visitor(), call.method, url, call.status, body)
        return (await self._noted(kind, call.service, call.method, call.path, asking)).said

    async def _forever(self, one: Callable[[], Awaitable[object]]) -> None:
        while not self._ends.is_set():
            begin = time.monotonic()
            await one()
            if time.monotonic() - begin < 1:  # what fails at once is not tried as fast as it goes
                await asyncio.sleep(1)

    async def _stream(self) -> None:
        path = f"/stream?seconds={self._plan.stream_s}&every=200"
        streaming = visits.stream(self._visitor(), self._url("llm", path), self._plan.stream_s)
        await self._noted("stream", "llm", "GET", path, streaming)

    async def _socket(self) -> None:
        talking = visits.socket(self._visitor(), self._url("llm", "/echo"), self._ends)
        await self._noted("socket", "llm", "GET", "/echo", talking)

    async def _upload(self) -> None:
        plan, path = self._plan, "/files/load-upload"
        uploading = visits.upload(self._visitor(), self._url("storage", path), plan.upload_mb * 10**6, plan.upload_s)
        await self._noted("upload", "storage", "POST", path, uploading)

    # Jobs

    async def _give_jobs(self) -> None:
        self._told.append(["ready"])

        async def one(number: int) -> None:
            order = {"type": "sleep", "payload": {"seconds": 0.02}}
            said = await self._request(Call("queue", "POST", "/jobs", 202, lambda _: order), number)
            if said is not None:
                self._told.append(["job", said["id"]])

        await self._at_rate(one, self._plan.jobs)

    async def _ask_jobs(self) -> None:
        self._told.append(["ready"])

        async def one(number: int) -> None:
            id_ = self._plan.ask[number]
            found = await visits.ask(self._visitor(), "GET", self._url("queue", f"/jobs/{id_}"), 200)
            job = found.said or {"state": f"{found.status} {found.text[:100]}", "attempts": 0}
            self._told.append(["state", id_, job["state"], job["attempts"]])

        await self._at_rate(one, len(self._plan.ask))

    # What they tell

    async def _noted(self, kind: str, service: str, method: str, path: str, visit: Awaitable[Outcome]) -> Outcome:
        """What came of a visit, after it was noted."""
        begin = time.time()
        outcome = await visit
        self._note(begin, kind, service, method, path, outcome)
        return outcome

    def _note(self, begin: float, kind: str, service: str, method: str, path: str, outcome: Outcome) -> None:
        ms = round((time.time() - begin) * 1000, 1)
        about = [round(begin, 3), ms, kind, service, method, path, outcome.status, outcome.text[:300], outcome.version]
        self._told.append(["said", *about])

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
