"""An edge and its DNS on loopback, with a view held in memory and origins made to order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from sandbox import edge, pki
from sandbox.edge.view import Record, Rule, Zone
from sandbox.settings import Settings

ZONE = "mech.is"
HOST = "llm.mech.is"
Reply = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def settings_in(folder: Path) -> Settings:
    return Settings(name="edge-test", state=folder, cache=folder, index=0)


def a(name: str, content: str, proxied: bool = True, ttl: int = 1) -> Record:
    return Record(name, "A", content, proxied, ttl)


@dataclass
class View:
    """A ZoneView whose parts a test may change between requests."""

    records: list[Record] = field(default_factory=lambda: [a(HOST, "127.0.0.1")])
    settings: dict[str, Any] = field(default_factory=lambda: {"ssl": "flexible"})
    rules: list[Rule] = field(default_factory=list)
    failover: bool = False

    def zone_for(self, host: str) -> Zone | None:
        if host == ZONE or host.endswith("." + ZONE):
            return Zone(ZONE, "0" * 32, self.records, self.settings, self.rules, self.failover)
        return None


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Rig:
    settings: Settings
    view: View
    dns: edge.DnsServer
    edge: edge.EdgeServer
    client: aiohttp.ClientSession

    async def get(self, path: str = "/", host: str = HOST, scheme: str = "http", method: str = "GET",
                  headers: dict[str, str] | None = None, data: Any = None) -> Answer:  # fmt: skip
        port = self.edge.https_port if scheme == "https" else self.edge.http_port
        async with self.client.request(
            method, URL(f"{scheme}://127.0.0.1:{port}{path}", encoded=True), headers={"Host": host, **(headers or {})},
            data=data, ssl=self.trust() if scheme == "https" else False, allow_redirects=False,
            server_hostname=host if scheme == "https" else None,
        ) as response:  # fmt: skip
            return Answer(response.status, response.headers, await response.read())

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.settings.pki / "ca.crt"))

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.settings.logs / "edge.log").read_text().splitlines()]

    def timeouts(self, **values: float) -> None:
        (self.settings.state / "edge.json").write_text(json.dumps(values))


@contextlib.asynccontextmanager
async def rig(folder: Path, view: View | None = None, http: int = 1, https: int = 1,
              reachable: tuple[str, ...] = ("127.0.0.0/8",),
              source: str | None = None) -> AsyncIterator[Rig]:  # fmt: skip
    """`http` and `https` are the origin's ports; port 1 refuses."""
    settings, view = settings_in(folder), view or View()
    servers = await edge.start(
        settings, view, http_port=0, https_port=0, edge_address="127.0.0.1", dns_port=0, dns_address="127.0.0.1",
        origin_http_port=http, origin_https_port=https, reachable=reachable, source_address=source,
    )  # fmt: skip
    dns, server = servers
    assert isinstance(dns, edge.DnsServer)
    assert isinstance(server, edge.EdgeServer)
    try:
        async with aiohttp.ClientSession(auto_decompress=False) as client:
            yield Rig(settings, view, dns, server, client)
    finally:
        for closeable in servers:
            await closeable.close()


@contextlib.asynccontextmanager
async def web_origin(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
                     tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:  # fmt: skip
    """A real HTTP server; yields its port."""
    runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def raw_origin(reply: Reply) -> AsyncIterator[int]:
    """A TCP server that does what `reply` says; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reply(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.contextmanager
def full_backlog() -> Any:
    """A port whose accept queue is full, so that the kernel drops further SYNs: a blackhole without root."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    queued = []
    try:
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            queued.append(filler)
        yield listener.getsockname()[1]
    finally:
        for filler in queued:
            filler.close()
        listener.close()


def server_tls(settings: Settings, names: list[str], days: int = 30, issuer: str = pki.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pki.leaf_files(settings, names, days=days, issuer=issuer))
    return context


async def hello(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="hello")


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    """What the origin saw, as JSON."""
    peer = request.transport.get_extra_info("peername")[0] if request.transport else ""
    body = await request.read()
    return web.json_response(
        {"method": request.method, "path": request.raw_path, "peer": peer, "length": len(body),
         "headers": dict(request.headers)},
        headers={"Server": "nginx", "X-Origin": "yes", "Keep-Alive": "timeout=5"},
    )  # fmt: skip
