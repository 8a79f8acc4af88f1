"""Cloudflare's data plane and DNS for one sandbox: `start` runs both on the current asyncio loop."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from ipaddress import ip_network

from aiohttp import web

from sandbox import pki
from sandbox.settings import Settings

from .dns import NAME_SERVERS, DnsServer, Resolver
from .journal import AccessLog, TimeoutFile
from .proxy import Proxy
from .tls import OriginTls, VisitorTls
from .view import Closeable, Record, Rule, Zone, ZoneView

__all__ = [
    "NAME_SERVERS", "Closeable", "DnsServer", "EdgeServer", "Record", "Rule", "Zone", "ZoneView", "start",
]  # fmt: skip

_SHUTDOWN_SECONDS = 1.0
_HEAD_LIMIT = 2**17  # bytes; Cloudflare takes up to 128 KB of request headers


class EdgeServer:
    """The two listeners of the edge. `http_port` and `https_port` are the real ones when 0 was asked for."""

    def __init__(self, proxy: Proxy, visitor_tls: VisitorTls, address: str, http_port: int, https_port: int) -> None:
        self._proxy = proxy
        self._tls = visitor_tls
        self.address = address
        self.http_port = http_port
        self.https_port = https_port
        self._runners: list[web.ServerRunner] = []

    async def start(self) -> None:
        """Listen. Raises OSError when the address is not there or a port is taken."""
        try:
            self.http_port = await self._listen("http", self.http_port)
            self.https_port = await self._listen("https", self.https_port)
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        runners, self._runners = self._runners, []
        for runner in runners:
            await runner.cleanup()
        with contextlib.suppress(ValueError):
            await self._proxy.close()

    async def _listen(self, scheme: str, port: int) -> int:
        server = web.Server(
            functools.partial(self._proxy.serve, scheme=scheme),
            handler_cancellation=True, access_log=None, auto_decompress=False, max_line_size=_HEAD_LIMIT,
            max_field_size=_HEAD_LIMIT, lingering_time=2.0,
        )  # fmt: skip
        runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(
            runner, self.address, port, backlog=512,
            ssl_context=self._tls.context if scheme == "https" else None,
        )  # fmt: skip
        await site.start()
        return int(runner.addresses[0][1])


async def start(
    settings: Settings,
    view: ZoneView,
    *,
    http_port: int = 80,
    https_port: int = 443,
    edge_address: str | None = None,
    dns_port: int = 53,
    dns_address: str | None = None,
    origin_http_port: int = 80,
    origin_https_port: int = 443,
    source_address: str | None = None,
    reachable: Sequence[str] | None = None,
) -> list[Closeable]:
    """Start DNS and the edge; returns [DnsServer, EdgeServer].

    The keyword arguments are for tests on loopback: port 0 takes any free port, `reachable` lists the networks
    that count as having a route (default: the sandbox's own). Raises OSError when an address cannot be bound.
    """
    edge_address = edge_address or settings.edge
    pki.ensure(settings)
    dns = DnsServer(Resolver(view, settings.edge, settings.cloud), dns_address or settings.dns, dns_port)
    proxy = Proxy(
        view,
        OriginTls(settings),
        AccessLog(settings.logs / "edge.log"),
        TimeoutFile(settings.state / "edge.json"),
        edge_address=settings.edge,
        source_address=source_address or edge_address,
        reachable=[ip_network(network) for network in reachable or (settings.network,)],
        origin_ports=(origin_http_port, origin_https_port),
    )
    edge = EdgeServer(proxy, VisitorTls(settings, view), edge_address, http_port, https_port)
    await dns.start()
    try:
        await edge.start()
    except OSError:
        await dns.close()
        raise
    return [dns, edge]
