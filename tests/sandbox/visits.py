"""What one visitor does once, and what came of it: a request, a stream of events, a WebSocket, an upload.

Nothing is asked twice: what fails is told, in `Outcome.text`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

LATE = 30.0  # seconds after which an answer no longer counts
_BLOCK = 2**16
_PAUSE = 0.2  # seconds between two messages of a WebSocket


@dataclass
class Outcome:
    """`text` is empty when it was as it should be; `said` is the answer's JSON then."""

    status: int = 0  # 0: no answer
    text: str = ""
    version: str = ""  # of the container that answered
    said: Any = None

    def head(self, answer: aiohttp.ClientResponse) -> None:
        self.status, self.version = answer.status, answer.headers.get("X-Mech-Version", "")


class Closed(Exception):
    """A connection ended before its answer did."""


_ERRORS = (aiohttp.ClientError, OSError, TimeoutError, Closed, ValueError)


async def once(
    request: aiohttp.ClientRequest, handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
) -> aiohttp.ClientResponse:
    """A middleware: aiohttp asks again where a kept connection was closed; here that is a failure to be told."""
    try:
        return await handler(request)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        if isinstance(error, aiohttp.ClientConnectorError):
            raise
        raise Closed(f"{type(error).__name__}: {error}") from error


async def ask(session: aiohttp.ClientSession, method: str, url: str, expected: int, body: Any = None) -> Outcome:
    """A request with a JSON answer of the status expected."""
    outcome = Outcome()
    try:
        async with session.request(method, url, json=body) as answer:
            outcome.head(answer)
            text = await answer.text()
        if outcome.status == expected:
            outcome.said = json.loads(text)
        else:
            outcome.text = text or "no text"
    except _ERRORS as error:
        outcome.text = _words(error)
    return outcome


async def stream(session: aiohttp.ClientSession, url: str, seconds: float) -> Outcome:
    """A stream of events that lasts so long; it is whole when its last event is `done` and counts all the others."""
    outcome, seen, done = Outcome(), 0, False
    limit = aiohttp.ClientTimeout(total=seconds + LATE, sock_read=LATE)
    try:
        async with session.get(url, timeout=limit) as answer:
            outcome.head(answer)
            if answer.status != 200:
                outcome.text = await answer.text() or "no text"
                return outcome
            async for name, data in _events(answer.content):
                if name == "done":
                    done = data.get("events") == seen
                else:
                    seen += 1
        outcome.text = "" if done else f"cut after {seen} events"
    except _ERRORS as error:
        outcome.text = f"cut after {seen} events: {_words(error)}"
    return outcome


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


async def socket(session: aiohttp.ClientSession, url: str, ends: asyncio.Event) -> Outcome:
    """A WebSocket that is talked to until `ends`; the status is 1001 where it was told to connect again."""
    try:
        async with session.ws_connect(url, max_msg_size=0) as opened:
            return await _talk(opened, ends)
    except aiohttp.WSServerHandshakeError as error:
        return Outcome(error.status, f"refused: {error.status}")
    except _ERRORS as error:
        return Outcome(0, _words(error))


async def _talk(opened: aiohttp.ClientWebSocketResponse, ends: asyncio.Event) -> Outcome:
    echoed = 0
    while not ends.is_set():
        message = f"message {echoed}"
        # Closed while it wrote: what was said of that is still to be read.
        with contextlib.suppress(aiohttp.ClientConnectionResetError):
            await opened.send_str(message)
        got = await opened.receive(timeout=LATE)
        if got.type is aiohttp.WSMsgType.TEXT:
            if got.data != message:
                return Outcome(101, f"said {got.data} after {echoed} messages")
            echoed += 1
            try:
                # Listening between messages: what is closed is not to be written to.
                got = await opened.receive(timeout=_PAUSE)
            except TimeoutError:
                continue
        if got.type is aiohttp.WSMsgType.CLOSE and got.data == 1001:
            return Outcome(1001)
        return Outcome(101, f"{got.type.name} {got.data} after {echoed} messages")
    return Outcome(101)


async def upload(session: aiohttp.ClientSession, url: str, size: int, seconds: float) -> Outcome:
    """A file of so many bytes, at an even pace; the answer has to name its SHA-256."""
    outcome, digest = Outcome(), hashlib.sha256()

    async def body() -> AsyncIterator[bytes]:
        block, sent, begin = bytes(_BLOCK), 0, time.monotonic()
        while sent < size:
            part = block[: size - sent]
            digest.update(part)
            sent += len(part)
            yield part
            await asyncio.sleep(max(0.0, begin + seconds * sent / size - time.monotonic()))

    try:
        async with session.post(
            url, data=body(), headers={"Content-Length": str(size)},
            timeout=aiohttp.ClientTimeout(total=seconds + 2 * LATE),
        ) as answer:  # fmt: skip
            outcome.head(answer)
            text = await answer.text()
        with contextlib.suppress(ValueError, KeyError):
            if answer.status == 201 and json.loads(text)["sha256"] == digest.hexdigest():
                return outcome
        outcome.text = text or "no text"
    except _ERRORS as error:
        outcome.text = _words(error)
    return outcome


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, Closed) else f"{type(error).__name__}: {error}".strip(": ")
