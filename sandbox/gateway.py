"""The sandbox's TLS front on .2:443 and its HTTPS proxy: many names on one address, told apart by SNI.

The proxy is for clients that know no other address than https://api.vultr.com but honour HTTPS_PROXY, as the
official Vultr plugin does: CONNECT to one of our names is answered by us. Any other name is passed through for this
machine, whose own traffic must not break, and refused to the sandbox's hosts and clients, which must not leave it. The
services' vendors pass through for this machine, too: GitHub is where Pulumi itself fetches plugins.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Collection, Mapping
from weakref import WeakKeyDictionary

from sandbox import pki
from sandbox.settings import Settings

_HEAD_S = 10.0


class Gateway:
    """`routes` maps a name, or `*.name`, to the plain-HTTP port on the clouds' address that serves it; `inside` are
    the ports whose names only hosts and clients are to find here."""

    def __init__(self, settings: Settings, routes: Mapping[str, int], inside: Collection[int] = ()) -> None:
        self._settings, self._routes, self._inside = settings, dict(routes), frozenset(inside)
        self._names: WeakKeyDictionary[ssl.SSLObject, str] = WeakKeyDictionary()
        self._servers: list[asyncio.Server] = []

    def port(self, name: str) -> int | None:
        """Where `name` is served; None for a name that is not ours."""
        name = name.lower().rstrip(".")
        return self._routes.get(name) or self._routes.get("*." + name.partition(".")[2])

    async def start(self) -> None:
        """Listen on 443 (TLS) and 8003 (proxy). Raises OSError when a port is taken."""
        address = self._settings.cloud
        self._servers.append(await asyncio.start_server(self._tls, address, 443, ssl=self._context(), backlog=512))
        self._servers.append(await asyncio.start_server(self._proxy, address, 8003))

    async def close(self) -> None:
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()

    def _context(self) -> ssl.SSLContext:
        certificate, key = pki.leaf_files(self._settings, sorted(self._routes))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        def remember(tls: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            if name is None or self.port(name) is None:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            if isinstance(tls, ssl.SSLObject):
                self._names[tls] = name
            return None

        context.sni_callback = remember
        return context

    async def _tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self.port(self._names.get(writer.get_extra_info("ssl_object"), ""))
        if port is None:  # a client without SNI: which name it means cannot be known
            writer.close()
            return
        back = await _dial(self._settings.cloud, port)
        if back is None:
            writer.close()
            return
        await _join((reader, writer), back)

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_S)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.close()
            return
        method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        host, _, port = rest.partition(" ")[0].rpartition(":")
        wanted = self._target(host.strip("[]"), port, writer.get_extra_info("peername")[0])
        if method != "CONNECT" or wanted is None:
            _refuse(writer, "403 Forbidden")
            return
        back = await _dial(*wanted)
        if back is None:
            _refuse(writer, "502 Bad Gateway")
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join((reader, writer), back)

    def _target(self, host: str, port: str, client: str) -> tuple[str, int] | None:
        """Where a CONNECT goes; None where `client` may not go there."""
        # A connection from this machine to .2 comes from .2; hosts and clients have addresses of their own.
        local, served = client == self._settings.cloud, self.port(host)
        if served is not None and not (local and served in self._inside):
            return (self._settings.cloud, 443) if port == "443" else None
        if not local or not host or not port.isdecimal() or not 0 < int(port) < 65536:
            return None
        return host, int(port)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _refuse(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    writer.close()


async def _dial(address: str, port: int) -> Streams | None:
    try:
        return await asyncio.wait_for(asyncio.open_connection(address, port), _HEAD_S)
    except (OSError, TimeoutError):
        return None


async def _join(front: Streams, back: Streams) -> None:
    """Pass bytes both ways until one side ends."""
    pumps = {asyncio.create_task(_pump(front[0], back[1])), asyncio.create_task(_pump(back[0], front[1]))}
    try:
        _, left = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
    finally:
        for side in (front[1], back[1]):
            side.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
