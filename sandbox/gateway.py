"""The sandbox's TLS front on .2:443 and its HTTPS proxy: many names on one address, told apart by SNI.

The proxy is for clients that know no other address than https://api.vultr.com but honour HTTPS_PROXY, as the
official Vultr plugin does: CONNECT to one of our names is answered by us, to any other name refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from sandbox import pki
from sandbox.settings import Settings

_HEAD_S = 10.0


class Gateway:
    """`routes` maps a name, or `*.name`, to the plain-HTTP port on the clouds' address that serves it."""

    def __init__(self, settings: Settings, routes: Mapping[str, int]) -> None:
        self._settings, self._routes = settings, dict(routes)
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
        await _join(reader, writer, self._settings.cloud, port)

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_S)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.close()
            return
        method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        host, _, wanted = rest.partition(" ")[0].partition(":")
        if method != "CONNECT" or self.port(host) is None or wanted != "443":
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(reader, writer, self._settings.cloud, 443)


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, port: int) -> None:
    """Pass bytes both ways until one side ends."""
    try:
        back_reader, back_writer = await asyncio.open_connection(address, port)
    except OSError:
        writer.close()
        return
    pumps = {asyncio.create_task(_pump(reader, back_writer)), asyncio.create_task(_pump(back_reader, writer))}
    try:
        _, left = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
    finally:
        for side in (writer, back_writer):
            side.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
