"""HTTP from the sandbox's internet: one process there answers requests one after another or side by side."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from sandbox import internet
from sandbox.settings import Settings

# Runs there: a line of JSON is a request, a line of JSON comes back; no connection is used twice.
WORKER = """
import asyncio, json, sys, time, threading, ssl, os
import httpx
context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
async def many(order):
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(verify=context, timeout=60, trust_env=False, limits=limits) as client:
        got = await asyncio.gather(*(client.get(order["url"]) for _ in range(order["repeat"])))
    codes = [answer.status_code for answer in got]
    said = {"code": 0, "text": json.dumps({str(code): codes.count(code) for code in set(codes)}), "headers": {}, "ms": 0}
    print(json.dumps({"id": order["id"], **said}), flush=True)
async def one(order):
    if order["repeat"] > 1:
        return await many(order)
    begin = time.monotonic()
    try:
        async with httpx.AsyncClient(verify=context, timeout=order["timeout"], trust_env=False) as client:
            body = b"x" * order["size"] if order["size"] else None
            got = await client.request(order["method"], order["url"], json=order["json"], content=body,
                                       headers=order["headers"])
        said = {"code": got.status_code, "text": got.text[:20000], "headers": dict(got.headers)}
    except (httpx.HTTPError, OSError) as error:
        cause = error
        while cause.__cause__ or cause.__context__:
            cause = cause.__cause__ or cause.__context__
        said = {"code": 0, "text": f"{type(error).__name__}: {error} {cause}", "headers": {}}
    said["ms"] = int((time.monotonic() - begin) * 1000)
    print(json.dumps({"id": order["id"], **said}), flush=True)
async def main():
    loop, queue = asyncio.get_running_loop(), asyncio.Queue()
    def lines():
        for line in sys.stdin:
            loop.call_soon_threadsafe(queue.put_nowait, json.loads(line))
        loop.call_soon_threadsafe(queue.put_nowait, None)
    threading.Thread(target=lines, daemon=True).start()
    running = set()
    while (order := await queue.get()) is not None:
        task = asyncio.create_task(one(order))
        running.add(task)
        task.add_done_callback(running.discard)
asyncio.run(main())
"""


@dataclass(frozen=True)
class Answer:
    """`code` 0: no HTTP answer, and `text` says why."""

    code: int
    text: str
    ms: int
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        with contextlib.suppress(ValueError):
            return json.loads(self.text)
        return {}


class Internet:
    """A place there, at `client` (the last part of its address) or wherever one is free."""

    def __init__(self, settings: Settings, client: int | None = None) -> None:
        self._settings, self._client = settings, client
        self._numbers = itertools.count()
        self._answers: dict[int, Answer] = {}
        self._came = threading.Condition()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Internet:
        self._process = self._stack.enter_context(
            internet.process(
                self._settings, [sys.executable, "-c", WORKER], client=self._client,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            said = json.loads(line)
            number = said.pop("id")
            with self._came:
                self._answers[number] = Answer(**said)
                self._came.notify_all()

    def begin(
        self, method: str, url: str, *, json_body: Any = None, size: int = 0, timeout: float = 30,
        headers: dict[str, str] | None = None, repeat: int = 1,
    ) -> int:  # fmt: skip
        """Send one and do not wait; `size` is a body of so many bytes. Returns its number for `end`.

        `repeat`: so many by kept connections, as fast as it goes; the answer's text counts the codes.
        """
        number = next(self._numbers)
        order = {"id": number, "method": method, "url": url, "json": json_body, "size": size, "timeout": timeout,
                 "headers": headers or {}, "repeat": repeat}  # fmt: skip
        assert self._process.stdin is not None
        with self._came:
            self._process.stdin.write((json.dumps(order) + "\n").encode())
            self._process.stdin.flush()
        return number

    def end(self, number: int, timeout: float = 120) -> Answer:
        with self._came:
            assert self._came.wait_for(lambda: number in self._answers, timeout), "the sandbox's internet is silent"
            return self._answers.pop(number)

    def ask(self, method: str, url: str, **more: Any) -> Answer:
        return self.end(self.begin(method, url, **more))

    def run(self, line: str, timeout: float = 60) -> str:
        """A shell line in a place of its own there, such as dig; returns what it printed."""
        with internet.process(
            self._settings, ["bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as running:
            return str(running.communicate(timeout=timeout)[0].decode()).strip()
