"""The edge's connections to origins, and which of Cloudflare's codes each way to fail means.

Source: developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

import aiohttp

Network = IPv4Network | IPv6Network
_SO_DONE = 0
_CLOSED = {errno.ECONNRESET, errno.EPIPE}
_NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
_REUSE_SECONDS = 5.0  # idle connections are kept this long; short, so that a new firewall rule is soon felt


@dataclass
class Attempt:
    """What the sockets of one request reported. `again`: it may be sent twice."""

    ack_timeout_s: float
    connected: bool = False
    tls: bool = False
    again: bool = False
    kept: bool = False  # it went out on a connection that had served others


_current: ContextVar[Attempt] = ContextVar("edge_origin_attempt")


class Unreachable(Exception):
    """The origin's address lies in no network that the edge can reach."""


class Broken(Exception):
    """The connection broke, for the reason in `__cause__`: kept from aiohttp, which would send the request again."""


class _WatchedSocket(socket.socket):
    """Notes when TCP is up, so that a slow TLS handshake (525) is told from a silent firewall (522)."""

    attempt: Attempt | None = None

    def getsockopt(self, *args: int) -> int:  # type: ignore[override]
        value = super().getsockopt(*args)
        if args[:2] == (socket.SOL_SOCKET, socket.SO_ERROR) and value == _SO_DONE and self.attempt:
            self.attempt.connected = True  # asyncio asks for SO_ERROR when the connection attempt has ended
        return value


def _socket(info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    made = _WatchedSocket(info[0], info[1], info[2])
    attempt = _current.get(None)
    if attempt is not None:
        made.attempt = attempt
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(attempt.ack_timeout_s * 1000))
    return made


async def _send(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send it; once more where a kept connection turns out closed and no byte of an answer came, unless it may not.

    Each round takes a kept connection from the pool, and the failure of a fresh one is final.
    """
    attempt = _current.get()
    while True:
        attempt.kept = False
        try:
            return await handler(request)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise
            if not (attempt.kept and attempt.again and _closed(error)):
                raise Broken from error


def _closed(error: aiohttp.ServerDisconnectedError | aiohttp.ClientOSError) -> bool:
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)  # else it is what came of an answer
    return error.errno in _CLOSED


def _tracing() -> aiohttp.TraceConfig:
    async def kept(_session: object, _context: object, _about: object) -> None:
        _current.get().kept = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_reuseconn.append(kept)
    return tracing


def session(source_address: str | None) -> aiohttp.ClientSession:
    """A pool of keep-alive connections whose source address is the edge's."""
    connector = aiohttp.TCPConnector(
        limit=0,
        keepalive_timeout=_REUSE_SECONDS,
        local_addr=(source_address, 0) if source_address else None,
        socket_factory=_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        requote_redirect_url=False,
        middlewares=(_send,),
        trace_configs=[_tracing()],
        read_bufsize=2**18,
        max_line_size=2**17,  # 520 for headers beyond 128 KB
        max_field_size=2**17,
    )


def begin(ack_timeout_s: float, tls: bool, again: bool) -> Attempt:
    """Start watching the sockets that the current task opens. `ack_timeout_s`: seconds, error 522."""
    attempt = Attempt(ack_timeout_s, tls=tls, again=again)
    _current.set(attempt)
    return attempt


def check_reachable(address: str, networks: Sequence[Network]) -> None:
    """Raise Unreachable for an address that no network of the sandbox holds."""
    try:
        parsed = ip_address(address)
    except ValueError:
        raise Unreachable(f"the record's content {address!r} is not an IP address") from None
    if not any(parsed.version == network.version and parsed in network for network in networks):
        raise Unreachable(f"{address} is in no network that the edge can reach")


def classify(error: BaseException, attempt: Attempt) -> tuple[int, str]:
    """(Cloudflare's code, what happened) for a failed request to the origin."""
    if isinstance(error, Broken) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, Unreachable):
        return 523, str(error)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return 526, f"certificate not valid: {_verify_message(error.certificate_error)}"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return 525, f"TLS handshake failed: {_short(error.os_error)}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        if attempt.connected and attempt.tls:
            return 525, "TLS handshake not finished in time"
        return 522, "no answer to the connection attempt"
    if isinstance(error, aiohttp.ClientConnectorError):
        return _connecting(error.os_error, attempt)
    if isinstance(error, TimeoutError):
        return 524, "no response in time"
    if isinstance(error, OSError) and error.errno == errno.ETIMEDOUT:
        return 522, "the origin stopped acknowledging data"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return 520, "the origin closed the connection without a response"
    if isinstance(error, aiohttp.ClientResponseError):
        return 520, f"not a valid HTTP response: {_short(error)}"
    return 520, f"the connection broke: {_short(error)}"


def _connecting(cause: OSError, attempt: Attempt) -> tuple[int, str]:
    if cause.errno == errno.ECONNREFUSED:
        return 521, "connection refused"
    if cause.errno == errno.ETIMEDOUT:
        return 522, "no answer to the connection attempt"
    if attempt.connected:
        # TCP was up and TLS never came to be: reset, closed or garbage.
        return (525, f"TLS handshake failed: {_short(cause)}") if attempt.tls else (520, _short(cause))
    if cause.errno in _NO_ROUTE or cause.errno is None:
        return 523, f"no route: {_short(cause)}"
    if cause.errno == errno.ECONNRESET:
        return 521, "connection reset"
    return 523, _short(cause)


def _verify_message(error: BaseException) -> str:
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else _short(error)


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
