"""The reverse proxy: from a visitor's request to the origin's answer, as a proxied zone behaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Sequence

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from . import firewall, lookup, origin, pages, sockets
from .exchange import Exchange
from .journal import AccessLog, TimeoutFile, Timeouts
from .tls import OriginTls, too_old
from .view import Zone, ZoneView

UPLOAD_LIMIT = 100 * 1024 * 1024  # bytes; Free and Pro plans, developers.cloudflare.com … error-413
COLO = "SBX"
_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
# What a visitor may not say for himself.
_OURS = frozenset({
    "host", "expect", "x-forwarded-for", "x-forwarded-proto", "cf-connecting-ip", "cf-ray", "cf-visitor",
    "cf-ipcountry", "cdn-loop",
})  # fmt: skip
# What a kept connection lost is sent again whatever its method is, while its body is still held: Pingora, Cloudflare's
# proxy, holds so many bytes (pingora-core, BODY_BUF_LIMIT; pingora-proxy, error_while_proxy).
_HELD = 64 * 1024
# With these it asks another address of the name, once: load-balancing/understand-basics/adaptive-routing (Zero-Downtime
# Failover, of the paid plans).
_FAILOVER = frozenset({521, 522, 523, 525, 526})
# The X-Accel ones are removed by Cloudflare: fundamentals/reference/http-headers.
_NOT_FROM_ORIGIN = frozenset({
    "server", "cf-ray", "cf-cache-status", "x-accel-buffering", "x-accel-charset", "x-accel-limit-rate",
    "x-accel-redirect",
})  # fmt: skip


class Proxy:
    """Serves visitors of every zone in the view. `handle(scheme)` gives the handler of one listener."""

    def __init__(
        self,
        view: ZoneView,
        tls: OriginTls,
        access: AccessLog,
        timeouts: TimeoutFile,
        *,
        edge_address: str,
        source_address: str | None,
        reachable: Sequence[origin.Network],
        origin_ports: tuple[int, int],
    ) -> None:
        self._view = view
        self._tls = tls
        self._access = access
        self._timeouts = timeouts
        self._edge = edge_address
        self._reachable = reachable
        self._ports = origin_ports
        self._session = origin.session(source_address)

    async def close(self) -> None:
        await self._session.close()
        self._access.close()

    async def serve(self, request: web.BaseRequest, scheme: str) -> web.StreamResponse:
        """Answer one request and log it."""
        exchange = Exchange(request, lookup.normal(request.headers.get("Host", "")), scheme, _ray())
        status = 499  # as nginx and Cloudflare log a visitor who left
        try:
            response = await self._answer(exchange)
            status = response.status
            if exchange.answered is None:
                mark(response.headers, exchange.ray)
            return response
        finally:
            self._access.write(
                client=exchange.client, host=exchange.host, method=request.method, scheme=scheme,
                path=request.rel_url.raw_path, status=status, origin=exchange.origin,
                ms=round((time.perf_counter() - exchange.started) * 1000, 1), ray=exchange.ray,
                **({"note": exchange.note} if exchange.note else {}),
            )  # fmt: skip

    async def _answer(self, exchange: Exchange) -> web.StreamResponse:
        request, host = exchange.request, exchange.host
        if request.method == "CONNECT":
            return web.Response(status=400)
        if not host or lookup.is_address(host):
            return exchange.error(1003)
        if _came_before(request.headers):
            return exchange.error(1000, "the request has passed a proxy of the kind already")
        zone = self._view.zone_for(host)
        if zone is None:
            return exchange.error(1001, "no zone holds this host")
        if too_old(zone, exchange.tls_version):
            exchange.note = "TLS version below the zone's minimum"
            _abort(request)
            return web.Response(status=403)
        mode = str(zone.settings.get("ssl", "flexible"))
        if exchange.scheme == "http" and mode != "off" and zone.settings.get("always_use_https") == "on":
            return _redirect(f"https://{host}{exchange.target}")
        if exchange.scheme == "https" and mode == "off":
            return _redirect(f"http://{host}{exchange.target}")
        verdict = firewall.judge(zone, firewall.facts(request, host, exchange.scheme, exchange.client))
        if verdict == "block":
            return exchange.error(1020, "firewall rule")
        if verdict == "challenge":
            exchange.note = "challenged"
            return pages.challenge(exchange.ray, host, exchange.accept)
        if (request.content_length or 0) > UPLOAD_LIMIT:
            return exchange.error(413)
        try:
            addresses = list(lookup.origin(self._view, zone, host).addresses)
        except lookup.NotProxied as error:
            return exchange.error(1001, str(error))
        except lookup.OriginDnsError as error:
            return exchange.error(1016, str(error))
        if self._edge in addresses:
            return exchange.error(1000)
        random.shuffle(addresses)
        response = await self._forward(exchange, zone, mode, addresses[0])
        if zone.failover and exchange.unconnected and len(addresses) > 1:
            exchange.unconnected = False
            response = await self._forward(exchange, zone, mode, addresses[1])
        return response

    async def _forward(self, exchange: Exchange, zone: Zone, mode: str, address: str) -> web.StreamResponse:
        # Full and Full (strict) use the visitor's scheme; only origin_pull forces TLS (ssl-modes/full).
        tls = mode == "origin_pull" or (exchange.scheme == "https" and mode in ("full", "strict"))
        port = self._ports[1] if tls else self._ports[0]
        where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        exchange.origin = where
        timeouts = self._timeouts.read()
        attempt = origin.begin(timeouts.ack_timeout_s, tls, _is_held(exchange.request))
        try:
            origin.check_reachable(address, self._reachable)
            context = self._tls.context(mode != "full", zone.settings.get("tls_client_auth") == "on") if tls else False
            url = URL(f"{'https' if tls else 'http'}://{where}{exchange.target}", encoded=True)
            if sockets.wanted(exchange.request):
                return await sockets.relay(
                    self._session, exchange, url, self._headers(exchange), context, attempt, timeouts
                )
            return await self._exchange(exchange, url, context, timeouts)
        except (aiohttp.ClientError, OSError, TimeoutError, origin.Unreachable, origin.Broken) as error:
            if exchange.too_large:
                return exchange.error(413)
            if exchange.answered is not None:
                exchange.note = f"cut off: {type(error).__name__}"
                _abort(exchange.request)
                return exchange.answered
            if exchange.request.transport is None or exchange.request.transport.is_closing():
                raise asyncio.CancelledError from error  # the visitor left; the log says 499
            code, why = origin.classify(error, attempt)
            # 522 is also a connection that served and went silent: what was sent on it may have been done.
            exchange.unconnected = code in _FAILOVER and not isinstance(error, origin.Broken)
            return exchange.error(code, why)

    async def _exchange(
        self, exchange: Exchange, url: URL, context: ssl.SSLContext | bool, timeouts: Timeouts
    ) -> web.StreamResponse:
        request = exchange.request
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        limit = aiohttp.ClientTimeout(
            total=None, sock_connect=timeouts.connect_timeout_s, sock_read=timeouts.response_timeout_s
        )
        body: bytes | AsyncIterator[bytes] | None = exchange.held
        if request.can_read_body:
            if _is_held(request):
                body = exchange.held = await request.read()
            else:
                body = _upload(exchange)
        async with self._session.request(
            request.method, url, headers=self._headers(exchange), data=body, allow_redirects=False,
            ssl=context, server_hostname=exchange.host if context else None, timeout=limit,
        ) as upstream:  # fmt: skip
            response = web.StreamResponse(status=upstream.status, reason=upstream.reason)
            _copy(upstream.headers, response.headers)
            mark(response.headers, exchange.ray)
            bodiless = request.method == "HEAD" or upstream.status in (204, 304)
            if not bodiless and "Content-Length" not in response.headers and request.version >= (1, 1):
                response.enable_chunked_encoding()
            await response.prepare(request)
            exchange.answered = response
            if not bodiless:
                async for chunk in upstream.content.iter_any():
                    await response.write(chunk)
            await response.write_eof()
            return response

    def _headers(self, exchange: Exchange) -> CIMultiDict[str]:
        request, client = exchange.request, exchange.client
        headers: CIMultiDict[str] = CIMultiDict()
        headers["Host"] = exchange.host
        named = _named_by_connection(request.headers.get("Connection", ""))
        for name, value in request.headers.items():
            low = name.lower()
            if low not in _HOP_BY_HOP and low not in _OURS and low not in named:
                headers.add(name, value)
        before = ", ".join(request.headers.getall("X-Forwarded-For", []))
        headers["X-Forwarded-For"] = f"{before},{client}" if before else client
        headers["X-Forwarded-Proto"] = exchange.scheme
        headers["CF-Connecting-IP"] = client
        headers["CF-Ray"] = exchange.ray
        headers["CF-Visitor"] = json.dumps({"scheme": exchange.scheme}, separators=(",", ":"))
        headers["CF-IPCountry"] = firewall.COUNTRY
        headers["CDN-Loop"] = "cloudflare; loops=1"
        return headers


def mark(headers: CIMultiDict[str], ray: str) -> None:
    """The headers by which an answer is known to have passed the edge."""
    headers["Server"] = "cloudflare"
    headers["CF-RAY"] = ray
    headers.setdefault("cf-cache-status", "DYNAMIC")


def _copy(source: CIMultiDictProxy[str], target: CIMultiDict[str]) -> None:
    named = _named_by_connection(source.get("Connection", ""))
    for name, value in source.items():
        low = name.lower()
        if low not in _HOP_BY_HOP and low not in _NOT_FROM_ORIGIN and low not in named:
            target.add(name, value)


def _came_before(headers: CIMultiDictProxy[str]) -> bool:
    """Signs of a request that was proxied already, as error-1000 lists them."""
    forwarded = headers.getall("X-Forwarded-For", [])
    return "CF-Connecting-IP" in headers or len(forwarded) > 1 or any(len(value) > 100 for value in forwarded)


def _named_by_connection(value: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in value.split(",")) if value else frozenset()


def _is_held(request: web.BaseRequest) -> bool:
    """Whether all of its body can be sent twice; a longer one, or one of unknown length, is passed on as it comes."""
    return not request.can_read_body or (request.content_length is not None and request.content_length <= _HELD)


async def _upload(exchange: Exchange) -> AsyncIterator[bytes]:
    sent = 0
    async for chunk in exchange.request.content.iter_any():
        sent += len(chunk)
        if sent > UPLOAD_LIMIT:
            exchange.too_large = True
            raise ValueError("upload beyond the limit")  # ends the request to the origin
        yield chunk


def _redirect(location: str) -> web.Response:
    return web.Response(status=301, headers={"Location": location, "Cache-Control": "max-age=3600"})


def _abort(request: web.BaseRequest) -> None:
    # A clean end would make the visitor take half a body for the whole.
    with contextlib.suppress(Exception):
        if request.transport is not None:
            request.transport.abort()


def _ray() -> str:
    return f"{secrets.token_hex(8)}-{COLO}"
