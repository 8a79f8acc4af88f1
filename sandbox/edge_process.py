"""The edge and DNS in a process of their own: what clouds and stores compute meanwhile is not their visitors' time.

Run as: python -m sandbox.edge_process NAME (what the daemon does). It ends when its standard input does, so that it never
outlives a daemon that was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys

from sandbox import edge
from sandbox.cloud import Store, StoreView
from sandbox.settings import Settings, load

_START_S, _STOP_S = 20.0, 10.0
_READY = b"ready\n"


class EdgeProcess:
    """The daemon's side of it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, settings: Settings) -> EdgeProcess:
        """Begin, and wait until it serves. Raises OSError where it does not; why stands in the daemon's log."""
        pipe = asyncio.subprocess.PIPE
        argv = (sys.executable, "-m", "sandbox.edge_process", settings.name)
        process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
        assert process.stdout is not None
        line = b""
        with contextlib.suppress(TimeoutError):
            line = await asyncio.wait_for(process.stdout.readline(), _START_S)
        if line != _READY:
            await cls(process).close()
            raise OSError("the edge does not serve")
        return cls(process)

    async def ended(self) -> int:
        """Wait for its end; its exit code."""
        return await self._process.wait()

    async def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def serve(settings: Settings) -> None:
    """Serve until standard input ends. Raises OSError (port taken, address not there)."""
    store = Store(settings.state / "cloud.sqlite")
    servers = await edge.start(settings, StoreView(store))
    words = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), sys.stdin)
    sys.stdout.buffer.write(_READY)
    sys.stdout.flush()
    await words.read()
    for server in servers:
        await server.close()
    store.close()


def main(name: str) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        asyncio.run(serve(load(name)))
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
