"""WebSockets through the edge: two connections, messages passed both ways."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from .exchange import Exchange
from .journal import Timeouts
from .origin import Attempt

_Side = web.WebSocketResponse | aiohttp.ClientWebSocketResponse
_CLOSING_SECONDS = 5.0
_HANDSHAKE = ("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol")


def wanted(request: web.BaseRequest) -> bool:
    """Whether the visitor asks for a WebSocket."""
    return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"


async def relay(
    session: aiohttp.ClientSession,
    exchange: Exchange,
    url: URL,
    headers: CIMultiDict[str],
    context: Any,
    attempt: Attempt,
    timeouts: Timeouts,
) -> web.StreamResponse:
    """Open the origin's side first, so that its refusal reaches the visitor as an HTTP status."""
    for name in _HANDSHAKE:
        headers.popall(name, None)
    asked = exchange.request.headers.get("Sec-WebSocket-Protocol", "")
    protocols = tuple(part.strip() for part in asked.split(",") if part.strip())
    try:
        opening = session.ws_connect(
            url.with_scheme("wss" if context else "ws"), headers=headers, protocols=protocols, autoping=False,
            max_msg_size=0, ssl=context, server_hostname=exchange.host if context else None,
            timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSING_SECONDS),
        )  # fmt: skip
        origin_side = await _open(opening, attempt, timeouts)
    except aiohttp.WSServerHandshakeError as error:
        if error.status in (101, 200):
            raise
        exchange.note = "the origin refused the WebSocket"
        return web.Response(status=error.status)
    async with origin_side:
        chosen = (origin_side.protocol,) if origin_side.protocol else ()
        visitor = web.WebSocketResponse(protocols=chosen, autoping=False, max_msg_size=0, compress=False)
        await visitor.prepare(exchange.request)
        exchange.answered = visitor
        both = [asyncio.ensure_future(_pump(visitor, origin_side)), asyncio.ensure_future(_pump(origin_side, visitor))]
        try:
            # When one side has closed, the other may answer that, so that both connections end in order.
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(both, timeout=_CLOSING_SECONDS)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        return visitor


async def _open(opening: Any, attempt: Attempt, timeouts: Timeouts) -> aiohttp.ClientWebSocketResponse:
    """Raises ConnectionTimeoutError (522) before TCP is up, TimeoutError (524) after."""
    task: asyncio.Future[aiohttp.ClientWebSocketResponse] = asyncio.ensure_future(opening)
    try:
        done, _ = await asyncio.wait([task], timeout=timeouts.connect_timeout_s)
        if not done and not attempt.connected:
            raise aiohttp.ConnectionTimeoutError
        return await asyncio.wait_for(task, timeouts.response_timeout_s)
    finally:
        task.cancel()


async def _pump(source: _Side, target: _Side) -> None:
    """Pass messages on until `source` closes, then close `target` likewise: cut off where `source` was."""
    while True:
        message = await source.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await target.send_bytes(message.data)
        elif message.type is aiohttp.WSMsgType.PING:
            await target.ping(message.data)
        elif message.type is aiohttp.WSMsgType.PONG:
            await target.pong(message.data)
        elif message.type is aiohttp.WSMsgType.CLOSE:
            await target.close(code=message.data or 1000, message=(message.extra or "").encode())
            return
        elif message.type is aiohttp.WSMsgType.CLOSING:
            return  # the other pump closes this side
        else:
            with contextlib.suppress(OSError):
                if (connection := target.get_extra_info("socket")) is not None:
                    connection.shutdown(socket.SHUT_RDWR)
            return
