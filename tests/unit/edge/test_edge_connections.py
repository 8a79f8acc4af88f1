"""How long connections to origins and visitors live, what happens when a kept one turns out closed, and what is held."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from edge_rig import HOST, Reply, hello, raw_origin, rig, web_origin

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def once(seen: list[str], then: bytes = b"") -> Reply:
    """An origin whose connections answer one request; at the next one they say `then` and close."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, answer in enumerate((OK, then)):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            seen.append(f"{head.split()[0].decode()} {number}")
            await asyncio.sleep(0.05)  # so that requests at once need a connection each
            writer.write(answer)
            await writer.drain()

    return reply


@pytest.mark.parametrize(
    ("method", "data"),
    [("GET", None), ("HEAD", None), ("DELETE", None), ("POST", None), ("POST", b"x" * 65536), ("PATCH", b"x")],
)
def test_what_can_be_repeated_is_sent_on_a_fresh_connection(tmp_path: Path, method: str, data: bytes | None) -> None:
    async def scenario() -> None:
        seen: list[str] = []
        async with raw_origin(once(seen)) as port, rig(tmp_path, http=port) as r:
            await asyncio.gather(*(r.get() for _ in range(3)))
            assert seen == ["GET 0"] * 3
            # All three kept connections fail it, one after another.
            assert (await r.get(method=method, data=data)).status == 200
            assert seen[3:] == [f"{method} 1"] * 3 + [f"{method} 0"]

    asyncio.run(scenario())


async def pieces() -> AsyncIterator[bytes]:
    yield b"x"


@pytest.mark.parametrize("data", [b"x" * 65537, None])
def test_a_body_that_is_not_held_is_520_and_sent_once(tmp_path: Path, data: bytes | None) -> None:
    async def scenario() -> None:
        seen: list[str] = []
        async with raw_origin(once(seen)) as port, rig(tmp_path, http=port) as r:
            await r.get()
            assert (await r.get(method="POST", data=data or pieces())).status == 520
            assert seen == ["GET 0", "POST 1"]

    asyncio.run(scenario())


def test_an_answer_that_had_begun_is_not_asked_for_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        seen: list[str] = []
        async with raw_origin(once(seen, b"HTTP/1.1 200 OK\r\nContent-")) as port, rig(tmp_path, http=port) as r:
            await r.get()
            assert (await r.get()).status == 520
            assert seen == ["GET 0", "GET 1"]

    asyncio.run(scenario())


def test_a_fresh_connection_that_fails_is_final(tmp_path: Path) -> None:
    async def scenario() -> None:
        seen = 0

        async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal seen
            await reader.readuntil(b"\r\n\r\n")
            seen += 1

        async with raw_origin(rude) as port, rig(tmp_path, http=port) as r:
            assert (await r.get()).status == 520
            assert seen == 1

    asyncio.run(scenario())


def test_a_kept_connection_that_was_closed_does_not_spoil_a_websocket(tmp_path: Path) -> None:
    async def scenario() -> None:
        closing = True

        async def origin(request: web.BaseRequest) -> web.StreamResponse:
            nonlocal closing
            if request.path == "/" or not closing:
                if "Upgrade" not in request.headers:
                    return web.Response(text="hello")
                made = web.WebSocketResponse()
                await made.prepare(request)
                async for message in made:
                    await made.send_str(message.data)
                return made
            closing = False
            assert request.transport is not None
            request.transport.close()
            return web.Response()

        async with web_origin(origin) as port, rig(tmp_path, http=port) as r:
            assert (await r.get()).text == "hello"
            url = f"http://127.0.0.1:{r.edge.http_port}/echo"
            async with r.client.ws_connect(url, headers={"Host": HOST}) as made:
                await made.send_str("again")
                assert await made.receive_str(timeout=3) == "again"
            assert not closing

    asyncio.run(scenario())


def websocket(then: Callable[[web.WebSocketResponse, web.BaseRequest], Awaitable[None]]) -> Handler:
    """An origin that says `hello` over a WebSocket and goes on with `then`."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        made = web.WebSocketResponse()
        await made.prepare(request)
        await made.send_str("hello")
        await then(made, request)
        return made

    return handler


def test_a_websocket_that_is_closed_is_closed_with_the_same_words(tmp_path: Path) -> None:
    answered = []

    async def go_away(made: web.WebSocketResponse, _: web.BaseRequest) -> None:
        await made.close(code=1001, message=b"connect again")
        answered.append(made.close_code)

    async def scenario() -> None:
        async with web_origin(websocket(go_away)) as port, rig(tmp_path, http=port) as r:
            url = f"http://127.0.0.1:{r.edge.http_port}/"
            async with r.client.ws_connect(url, headers={"Host": HOST}) as made:
                assert await made.receive_str() == "hello"
                last = await made.receive()
                assert (last.type, last.data, last.extra) == (aiohttp.WSMsgType.CLOSE, 1001, "connect again")
            await asyncio.sleep(0.1)
            assert answered == [1000]  # the answer that aiohttp gives, and not 1006: it came

    asyncio.run(scenario())


def test_a_websocket_that_is_cut_is_not_closed_in_order(tmp_path: Path) -> None:
    async def die(_: web.WebSocketResponse, request: web.BaseRequest) -> None:
        assert request.transport is not None
        request.transport.abort()

    async def scenario() -> None:
        async with web_origin(websocket(die)) as port, rig(tmp_path, http=port) as r:
            url = f"http://127.0.0.1:{r.edge.http_port}/"
            async with r.client.ws_connect(url, headers={"Host": HOST}) as made:
                assert await made.receive_str() == "hello"
                assert (await made.receive(timeout=3)).type is aiohttp.WSMsgType.CLOSED

    asyncio.run(scenario())


def test_a_visitor_who_vanishes_ends_the_websocket_at_the_origin(tmp_path: Path) -> None:
    async def scenario() -> None:
        ended: asyncio.Future[aiohttp.WSMsgType] = asyncio.get_running_loop().create_future()

        async def listen(made: web.WebSocketResponse, _: web.BaseRequest) -> None:
            ended.set_result((await made.receive()).type)

        async with web_origin(websocket(listen)) as port, rig(tmp_path, http=port) as r:
            url = f"http://127.0.0.1:{r.edge.http_port}/"
            made = await r.client.ws_connect(url, headers={"Host": HOST})
            assert await made.receive_str() == "hello"
            made.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            assert await asyncio.wait_for(ended, 3) in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)

    asyncio.run(scenario())


def test_connections_are_kept_on_both_sides(tmp_path: Path) -> None:
    async def scenario() -> None:
        peers = set()

        async def origin(request: web.BaseRequest) -> web.StreamResponse:
            assert request.transport is not None
            peers.add(request.transport.get_extra_info("peername"))
            return await hello(request)

        async with web_origin(origin) as port, rig(tmp_path, http=port) as r:
            reader, writer = await asyncio.open_connection("127.0.0.1", r.edge.http_port)
            for _ in range(5):
                writer.write(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200") and b"close" not in head.lower()
                assert await reader.readexactly(5) == b"hello"
            writer.close()
            assert len(peers) == 1

    asyncio.run(scenario())


def test_an_upload_is_passed_on_and_not_held(tmp_path: Path) -> None:
    """An origin that reads slowly slows the visitor down: only what fits into buffers is on its way."""

    async def scenario() -> None:
        go_on, got, size = asyncio.Event(), 0, 90_000_000

        async def slow(request: web.BaseRequest) -> web.StreamResponse:
            nonlocal got
            await go_on.wait()
            async for piece in request.content.iter_any():
                got += len(piece)
            return web.Response(text=str(got))

        sent = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            while sent < size:
                sent += 100_000
                yield bytes(100_000)

        async with web_origin(slow) as port, rig(tmp_path, http=port) as r:
            upload = asyncio.ensure_future(r.get(method="POST", data=body()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(upload), 1)
            assert 0 < sent < 30_000_000  # the kernel's socket buffers are some megabytes each
            go_on.set()
            answer = await upload
            assert (answer.status, answer.text) == (200, str(size))

    asyncio.run(scenario())
