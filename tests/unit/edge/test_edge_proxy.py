"""What a visitor and an origin see of a proxied zone."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from edge_rig import HOST, View, a, echo, hello, raw_origin, rig, web_origin

from sandbox.edge.view import Record, Rule


@pytest.mark.parametrize("chunked", [False, True])
def test_big_bodies_stream_both_ways(tmp_path: Path, chunked: bool) -> None:
    size = 5_000_000

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        got = 0
        async for chunk in request.content.iter_any():
            got += len(chunk)
        response = web.StreamResponse()
        if not chunked:
            response.content_length = got
        await response.prepare(request)
        for _ in range(got // 100_000):
            await response.write(b"z" * 100_000)
        return response

    async def upload() -> object:
        for _ in range(size // 100_000):
            yield b"x" * 100_000

    async def scenario() -> None:
        async with web_origin(handler) as port, rig(tmp_path, http=port) as r:
            answer = await r.get(method="POST", data=upload() if chunked else b"x" * size)
            assert (answer.status, len(answer.body)) == (200, size)
            answer = await r.get(method="POST", data=b"y" * size, headers={"Expect": "100-continue"})
            assert (answer.status, len(answer.body)) == (200, size)

    asyncio.run(scenario())


def test_uploads_beyond_the_plan_are_413(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.edge.proxy.UPLOAD_LIMIT", 1000)

    async def pieces() -> object:
        for _ in range(30):
            yield b"x" * 100

    async def scenario() -> None:
        async with web_origin(echo) as port, rig(tmp_path, http=port) as r:
            assert (await r.get(method="POST", data=b"x" * 1000)).status == 200
            assert (await r.get(method="POST", data=b"x" * 1001)).status == 413
            assert (await r.get(method="POST", data=pieces())).status == 413

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("action", "status"), [("block", 403), ("managed_challenge", 403), ("log", 200), ("skip", 200)]
)
def test_firewall_rules(tmp_path: Path, action: str, status: int) -> None:
    async def scenario() -> None:
        rules = [
            Rule("ip.src in {10.0.0.0/8}", "block", True),
            Rule("ip.src in {127.0.0.0/8}", "block", False),
            Rule("no.such.field eq 1", "block", True),
            Rule(f'ip.src in {{127.0.0.1}} and http.host eq "{HOST}"', action, True),
            Rule("ip.src eq 127.0.0.1", "skip" if action == "log" else "block", True),
        ]
        async with web_origin(hello) as port, rig(tmp_path, View(rules=rules), http=port) as r:
            answer = await r.get()
            assert answer.status == status
            if action == "block":
                assert answer.text == "error code: 1020"
                page = await r.get(headers={"Accept": "text/html"})
                assert "<title>error code: 1020</title>" in page.text
                assert page.headers["CF-RAY"] in page.text

    asyncio.run(scenario())


def test_websocket_passes_through(tmp_path: Path) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("chat",))
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"{request.headers['CF-Connecting-IP']} {message.data}")
        return socket

    async def scenario() -> None:
        async with web_origin(handler) as port, rig(tmp_path, http=port) as r:
            url = f"http://127.0.0.1:{r.edge.http_port}/ws"
            async with r.client.ws_connect(url, headers={"Host": HOST}, protocols=("chat",)) as socket:
                await socket.send_str("hi")
                assert await socket.receive_str() == "127.0.0.1 hi"
                assert socket.protocol == "chat"

    asyncio.run(scenario())


def test_compressed_answers_heads_and_empty_answers_pass_unchanged(tmp_path: Path) -> None:
    packed = gzip.compress(b"hello")

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/none":
            return web.Response(status=204)
        return web.Response(body=packed, headers={"Content-Encoding": "gzip", "Set-Cookie": "a=1"})

    async def scenario() -> None:
        async with web_origin(handler) as port, rig(tmp_path, http=port) as r:
            answer = await r.get()
            assert (answer.body, answer.headers["Content-Encoding"]) == (packed, "gzip")
            head = await r.get(method="HEAD")
            assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(packed)))
            assert (await r.get("/none")).status == 204

    asyncio.run(scenario())


def test_cname_is_followed_inside_the_zone_and_wildcards_count(tmp_path: Path) -> None:
    async def scenario() -> None:
        records = [
            Record(HOST, "CNAME", "host.mech.is", True, 1), a("host.mech.is", "127.0.0.1", proxied=False),
            a("*.mech.is", "127.0.0.1"),
        ]  # fmt: skip
        async with web_origin(hello) as port, rig(tmp_path, View(records), http=port) as r:
            assert (await r.get()).text == "hello"
            assert (await r.get(host="anything.mech.is", scheme="https")).text == "hello"

    asyncio.run(scenario())


def test_access_log_tells_the_request_and_no_secrets(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with web_origin(hello) as port, rig(tmp_path, http=port) as r:
            await r.get("/v1/chat?token=s3cret", headers={"Authorization": "Bearer s3cret"})
            [line] = r.log()
            assert line["client"] == "127.0.0.1"
            assert (line["host"], line["method"], line["path"], line["status"]) == (HOST, "GET", "/v1/chat", 200)
            assert line["origin"] == f"127.0.0.1:{port}"
            assert line["ms"] >= 0
            assert "s3cret" not in (r.settings.logs / "edge.log").read_text()

    asyncio.run(scenario())


def test_a_visitor_who_leaves_frees_the_origin(tmp_path: Path) -> None:
    left = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        try:
            await asyncio.sleep(30)
        finally:
            left.set()
        return web.Response()

    async def scenario() -> None:
        runner = web.ServerRunner(web.Server(slow, access_log=None, handler_cancellation=True), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with rig(tmp_path, http=runner.addresses[0][1]) as r:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(r.get(), 0.3)
            await asyncio.wait_for(left.wait(), 3)
            await asyncio.sleep(0.05)
            assert r.log()[0]["status"] == 499
        await runner.cleanup()

    asyncio.run(scenario())


def test_an_origin_that_breaks_off_in_the_body_is_not_taken_for_whole(tmp_path: Path) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    async def scenario() -> None:
        async with web_origin(handler) as port, rig(tmp_path, http=port) as r:
            with pytest.raises(aiohttp.ClientError):
                await r.get()

    asyncio.run(scenario())


def test_answers_arrive_as_the_origin_sends_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        go_on = asyncio.Event()

        async def events(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            await response.write(b"one")
            await go_on.wait()
            await response.write(b"two")
            return response

        async with web_origin(events) as port, rig(tmp_path, http=port) as r:
            url = f"http://127.0.0.1:{r.edge.http_port}/"
            async with r.client.get(url, headers={"Host": HOST}) as response:
                assert await asyncio.wait_for(response.content.readany(), 3) == b"one"
                go_on.set()
                assert await response.content.read() == b"two"

    asyncio.run(scenario())


def test_an_origin_that_refuses_an_upload_early_is_heard(tmp_path: Path) -> None:
    async def nginx(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        await writer.drain()
        while await asyncio.wait_for(reader.read(65536), 1):  # nginx lingers as well
            pass

    async def scenario() -> None:
        async with raw_origin(nginx) as port, rig(tmp_path, http=port) as r:
            answer = await r.get(method="POST", data=b"x" * 5_000_000)
            assert (answer.status, answer.text) == (413, "big")

    asyncio.run(scenario())


@pytest.mark.parametrize(("request_line", "status"), [
    (b"GET http://llm.mech.is/a?b=1 HTTP/1.1", b"200"), (b"GET /a?b=1 HTTP/1.0", b"200"),
    (b"CONNECT llm.mech.is:443 HTTP/1.1", b"400"), (b"nonsense", b"400"),
])  # fmt: skip
def test_odd_requests(tmp_path: Path, request_line: bytes, status: bytes) -> None:
    async def scenario() -> None:
        async with web_origin(echo) as port, rig(tmp_path, http=port) as r:
            reader, writer = await asyncio.open_connection("127.0.0.1", r.edge.http_port)
            writer.write(request_line + b"\r\nHost: LLM.mech.is:80\r\nConnection: close\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 5)
            assert answer.split()[1] == status
            if status == b"200":
                assert b'"path": "/a?b=1"' in answer
            writer.close()

    asyncio.run(scenario())


def test_websocket_to_a_dead_origin_is_an_http_error(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(tmp_path) as r:
            ask = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
            assert (await r.get(headers=ask)).status == 521

    asyncio.run(scenario())


def test_many_requests_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with web_origin(hello) as port, rig(tmp_path, http=port) as r:
            answers = await asyncio.gather(*(r.get() for _ in range(100)))
            assert {answer.status for answer in answers} == {200}
            assert len({answer.headers["CF-RAY"] for answer in answers}) == 100

    asyncio.run(scenario())
