"""One request on its way through the edge."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from aiohttp import web

from . import pages


@dataclass
class Exchange:
    """One request, with what the access log tells of it."""

    request: web.BaseRequest
    host: str
    scheme: str
    ray: str
    started: float = field(default_factory=time.perf_counter)
    origin: str = "-"
    note: str = ""
    too_large: bool = False  # the upload passed the plan's limit while it was streamed
    held: bytes | None = None  # all of its body, for a second time
    unconnected: bool = False  # no origin has seen anything of it, and another one may be asked
    answered: web.StreamResponse | None = None  # set once the head has gone to the visitor

    @property
    def client(self) -> str:
        peer = self.request.transport.get_extra_info("peername") if self.request.transport else None
        return str(peer[0]) if peer else "0.0.0.0"  # noqa: S104 - unknown peer, not a bind

    @property
    def target(self) -> str:
        """Path and query as the visitor wrote them."""
        raw = self.request.raw_path
        # "GET http://host/path" is allowed by RFC 9112, 3.2.2.
        return raw if raw.startswith("/") else self.request.rel_url.raw_path_qs or "/"

    @property
    def tls_version(self) -> str | None:
        tls = self.request.transport.get_extra_info("ssl_object") if self.request.transport else None
        return tls.version() if tls is not None else None

    @property
    def accept(self) -> str:
        return self.request.headers.get("Accept", "")

    def error(self, code: int, note: str = "") -> web.Response:
        self.note = f"{code} {note}".strip()
        return pages.error(code, self.ray, self.host, self.accept)
