"""`mech status`: asks every service for its health, the way a user reaches it, and says what a failure means."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from rich.table import Table

from mech_ops import api
from mech_ops.edge_codes import MEANINGS

# How long the edge waits for an origin that does not answer at all, in seconds (Cloudflare's 522).
ORIGIN_SILENT_S = 19


@dataclass(frozen=True)
class Health:
    """One service as seen from outside. `code` 0 means no HTTP answer; `took_ms` is the whole request."""

    service: str
    url: str
    code: int
    state: str
    detail: str = ""
    took_ms: int = 0
    dependencies: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.state == "ok"

    @property
    def reported(self) -> bool:
        """Whether the service itself said how it is."""
        return self.state not in ("down", "unknown")


def read(service: str, url: str, code: int, body: Any, took_ms: int) -> Health:
    """Judge an answer of /health."""
    if isinstance(body, dict) and "status" in body:
        parts = body.get("dependencies") or {}
        dependencies = {
            name: part if isinstance(part, str) else str(part.get("status", part)) for name, part in parts.items()
        }
        broken = "; ".join(f"{name}: {said}" for name, said in dependencies.items() if said != "ok")
        return Health(service, url, code, str(body["status"]), broken, took_ms, dependencies)
    if code == 200:
        return Health(service, url, code, "unknown", "answers 200, but not with a health report", took_ms)
    return Health(service, url, code, "down", MEANINGS.get(code, f"HTTP {code}"), took_ms)


def not_from_here(urls: Collection[str]) -> str:
    """Why visitors cannot be asked from this machine; empty when they can.

    With other clouds than the real ones, a name that leads to the world would lead to somebody else's service.
    """
    for url in urls if api.elsewhere() else ():
        host = urlsplit(url).hostname or ""
        try:
            found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
        except OSError:
            continue  # one that is missing is for who asks it to tell
        if not any(ipaddress.ip_address(address).is_global for address in found):
            return ""
        return f"{host} leads to the world from this machine, and this stack is not there"
    return "this machine knows none of the services' names" if urls and api.elsewhere() else ""


async def ask(client: httpx.AsyncClient, service: str, url: str) -> Health:
    begin = time.monotonic()
    try:
        answer = await client.get(f"{url}/health")
    except httpx.TimeoutException:
        took = time.monotonic() - begin
        return Health(service, url, 0, "down", f"no answer within {took:.0f} s", int(took * 1000))
    except httpx.HTTPError as error:
        return Health(service, url, 0, "down", str(error) or type(error).__name__)
    took = int((time.monotonic() - begin) * 1000)
    try:
        body = answer.json()
    except ValueError:
        body = None
    return read(service, url, answer.status_code, body, took)


async def ask_until(
    urls: dict[str, str],
    limit_s: Callable[[Collection[str]], float],
    transport: httpx.AsyncBaseTransport | None = None,
    waiting: Callable[[float, list[str]], None] = lambda seconds, names: None,
) -> list[Health]:
    """All services at once. `limit_s` is asked again and again, with who is late: they may be worth less waiting than before.

    `waiting` hears how long it has been, and for whom.
    """
    begin = time.monotonic()
    async with _client(transport) as client:
        asked = {name: asyncio.create_task(ask(client, name, url)) for name, url in urls.items()}
        late = list(asked)
        while late and (left := limit_s(late) - (time.monotonic() - begin)) > 0:
            await asyncio.wait(asked.values(), timeout=min(left, 0.2))
            late = [name for name, task in asked.items() if not task.done()]
            if late:
                waiting(time.monotonic() - begin, late)
        took = time.monotonic() - begin
        silent = [task for task in asked.values() if not task.done() and task.cancel()]
        await asyncio.gather(*silent, return_exceptions=True)
    nothing = f"no answer within {took:.0f} s"
    return [
        Health(name, urls[name], 0, "down", nothing, int(took * 1000)) if task.cancelled() else task.result()
        for name, task in asked.items()
    ]


def _client(transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Who asks has a time limit for all of them."""
    verify = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or None)
    return httpx.AsyncClient(timeout=None, verify=verify, transport=transport)  # noqa: S113 - ask_until ends what is late


def wait(
    urls: dict[str, str],
    timeout_s: float,
    wait_s: float,
    waiting: Callable[[float, list[str]], None] = lambda seconds, names: None,
) -> list[Health]:
    """Ask until all are ok, at most `wait_s` seconds; `timeout_s` for one round of answers."""
    end = time.monotonic() + wait_s
    while True:
        found = asyncio.run(ask_until(urls, lambda _: timeout_s, waiting=waiting))
        if all(health.ok for health in found) or time.monotonic() >= end:
            return found
        time.sleep(1)


def late(seconds: float, names: list[str]) -> str:
    """What to tell who waits: the edge's own codes take their time."""
    left = (
        "522 takes 19 s"
        if seconds < ORIGIN_SILENT_S
        else "524 takes 120 s: the origin took the connection and is silent"
    )
    return f"still waiting for {', '.join(names)} ({seconds:.0f} s; {left})"


def table(found: list[Health]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for column in ("service", "address", "HTTP", "health", "ms"):
        shown.add_column(column, justify="right" if column in ("HTTP", "ms") else "left", no_wrap=True)
    shown.add_column("depends on", overflow="fold")
    for health in found:
        colour = "green" if health.ok else "red"
        needs = health.detail if not health.ok else ", ".join(health.dependencies) or "–"
        shown.add_row(
            health.service, f"{health.url}/health", str(health.code or "–"), f"[{colour}]{health.state}[/]",
            str(health.took_ms), needs,
        )  # fmt: skip
    return shown
