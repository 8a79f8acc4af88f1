"""A name with two addresses, one of which is dead: what the edge does of itself on a paid plan, and does not on the free one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from edge_rig import HOST, Answer, Rig, View, a, raw_origin, rig, web_origin

DEAD = {"refuses": "127.0.0.2", "no route": "203.0.113.9"}
VISITS = 24  # that one address is never chosen first in so many is one chance in 16 million


async def visits(r: Rig, **how: object) -> list[Answer]:
    return [await r.get(**how) for _ in range(VISITS)]  # type: ignore[arg-type]


@pytest.mark.parametrize("dead", DEAD)
@pytest.mark.parametrize("data", [None, b"x", b"x" * 300_000], ids=["GET", "POST", "long POST"])
def test_a_paid_plan_asks_the_other_address(tmp_path: Path, dead: str, data: bytes | None) -> None:
    async def scenario() -> None:
        lengths: list[int] = []

        async def count(request: web.BaseRequest) -> web.StreamResponse:
            lengths.append(len(await request.read()))
            return web.Response(text="done")

        view = View([a(HOST, "127.0.0.1"), a(HOST, DEAD[dead])], failover=True)
        async with web_origin(count) as port, rig(tmp_path, view, http=port) as r:
            answers = await visits(r, method="POST" if data else "GET", data=data)
            assert {answer.status for answer in answers} == {200}
            assert lengths == [len(data or b"")] * VISITS

    asyncio.run(scenario())


def test_the_free_plan_does_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        async def fine(_: web.BaseRequest) -> web.StreamResponse:
            return web.Response(text="done")

        view = View([a(HOST, "127.0.0.1"), a(HOST, DEAD["refuses"])])
        async with web_origin(fine) as port, rig(tmp_path, view, http=port) as r:
            assert {answer.status for answer in await visits(r)} == {200, 521}

    asyncio.run(scenario())


def test_both_dead_is_the_second_one_s_code(tmp_path: Path) -> None:
    async def scenario() -> None:
        view = View([a(HOST, "127.0.0.2"), a(HOST, "127.0.0.3")], failover=True)
        async with rig(tmp_path, view) as r:
            assert (await r.get()).status == 521

    asyncio.run(scenario())


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"], ids=["520", "502"])
def test_what_an_origin_has_seen_is_not_sent_to_another(tmp_path: Path, reply: bytes) -> None:
    async def scenario() -> None:
        seen: list[bytes] = []

        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(reply)
            await writer.drain()

        view = View([a(HOST, "127.0.0.1"), a(HOST, "127.0.0.1")], failover=True)
        async with raw_origin(once) as port, rig(tmp_path, view, http=port) as r:
            assert (await r.get(method="POST", data=b"x")).status in (502, 520)
            assert len(seen) == 1

    asyncio.run(scenario())
