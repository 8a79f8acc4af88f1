"""What answers on the host itself: each service by nginx and straight from its containers, and the queue of its jobs."""

from __future__ import annotations

import concurrent.futures
import errno
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any

from mech_infra.facts.host.docker import started
from mech_infra.facts.host.onhost import ask
from mech_infra.facts.host.program import asked, on_host


@asked()
def answers(sites: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """By service the answer of nginx to {"host", "scheme"}, and that of each of its containers, to GET /health.

    Containers are known by their label, and by the given names (`containers`) where somebody made them by hand. Where
    Docker does not answer there are none.
    """
    known = listing()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        pending = {}
        for service, site in sites.items():
            port = 443 if site["scheme"] == "https" else 80
            named = {} if known is None else dict.fromkeys(site["containers"])
            named.update({c["name"]: c for c in known or [] if of(c, service, site["containers"])})
            by = {name: pool.submit(straight, container) for name, container in named.items()}
            # Where each is ended, paused or known to hang, there is nobody whose answer could be slow.
            slow = known is None or any(c and c["running"] and not c["hangs"] for c in named.values())
            nginx = pool.submit(health, "127.0.0.1", port, site["host"], site["scheme"] == "https", patience_s(slow))
            pending[service] = nginx, by
        return {
            service: {"nginx": through.result(), "containers": {name: one.result() for name, one in by.items()}}
            for service, (through, by) in pending.items()
        }


@asked()
def jobs() -> dict[str, Any] | None:
    """What the queue says of its jobs now, and (`before`) two seconds ago; None where it does not answer.

    One look cannot tell a queue that is busy from one that is stuck.
    """
    before = counted_jobs()
    if before and before.get("pending"):
        time.sleep(2)
        now = counted_jobs()
        return now and {**now, "before": before}
    return before


@on_host
def counted_jobs() -> dict[str, Any] | None:
    for container in listing() or []:
        if of(container, "queue", ["mech-queue"]) and container["running"] and container["port"]:
            code, _, _, body = got(container["address"], container["port"], "localhost", "/jobs")
            said = json.loads(body) if code == 200 else None
            if isinstance(said, dict):
                return said
    return None


@on_host
def listing() -> list[dict[str, Any]] | None:
    """Docker's containers, each with where its published port answers; None where Docker does not answer."""
    found = []
    try:
        items = ask("/containers/json?all=1", timeout=5) if started() else None
    except (OSError, ValueError, http.client.HTTPException):
        items = None
    if items is None:
        return None
    for item in items:
        published = [p for p in item["Ports"] or [] if p.get("PublicPort") and ":" not in p.get("IP", "")]
        ip = published[0].get("IP", "") if published else ""
        found.append({
            "name": item["Names"][0].lstrip("/"), "running": item["State"] == "running", "id": item["Id"],
            "service": (item["Labels"] or {}).get("mech.service", ""),
            "hangs": "(unhealthy)" in item["Status"] and hangs(item["Id"]),
            "ended": item["State"] != "running" and "com.docker.swarm.task.id" in (item["Labels"] or {}),
            "address": "127.0.0.1" if ip in ("", "0.0.0.0") else ip,  # noqa: S104 - who listens is Docker
            "port": published[0]["PublicPort"] if published else 0,
        })  # fmt: skip
    return found


@on_host
def hangs(id: str) -> bool:
    """Whether Docker's own checks of a container's health had no answer, again and again: another wait has none either."""
    try:
        checks = (ask(f"/containers/{id}/json", timeout=5)["State"].get("Health") or {}).get("Log") or []
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return False
    return bool(checks) and all("exceeded timeout" in check["Output"] for check in checks[-3:])


@on_host
def of(container: Mapping[str, Any], service: str, names: list[str]) -> bool:
    """Whether it is one of a service; what a swarm's task left behind when it ended is none."""
    if container.get("ended"):
        return False
    return container["service"] == service or (not container["service"] and container["name"] in names)


@on_host
def straight(container: Mapping[str, Any] | None) -> dict[str, Any]:
    """The answer of one container, by its published port."""
    silent = {"code": 0, "ms": 0, "status": "", "dependencies": {}}
    if container is None or not container["running"]:
        return {**silent, "error": "not running"}
    if not container["port"]:
        return {**silent, "error": "no port"}
    return health(
        container["address"], container["port"], "localhost", tls=False, limit_s=patience_s(not container["hangs"])
    )


@on_host
def patience_s(slow: bool) -> float:
    """Seconds that an answer is waited for: who is not merely `slow` answers at once, or not at all."""
    return 5.0 if slow else 0.5


@on_host
def health(address: str, port: int, name: str, tls: bool, limit_s: float = 5) -> dict[str, Any]:
    """GET /health of `name`, as a visitor's request comes from the edge: the report's words, or why there is no answer."""
    begin = time.monotonic()
    code, error, location, body = got(address, port, name, "/health", tls, limit_s)
    found: dict[str, Any] = {"code": code, "ms": int((time.monotonic() - begin) * 1000), "error": error, **report(body)}
    return {**found, "location": location} if location else found


@on_host
def report(body: bytes) -> dict[str, Any]:
    """`status` and the dependencies' words of a health report; empty for what is none."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict) or "status" not in said:
        return {"status": "", "dependencies": {}}
    parts = said.get("dependencies")
    words = {
        str(name): str(part.get("status", "") if isinstance(part, dict) else part)[:300]
        for name, part in (parts.items() if isinstance(parts, dict) else ())
    }
    return {"status": str(said["status"])[:300], "dependencies": words}


@on_host
def got(
    address: str, port: int, name: str, path: str, tls: bool = False, limit_s: float = 5
) -> tuple[int, str, str, bytes]:
    """(code, why there is none, where it points to, at most 64 kB of its body). Redirects are not followed."""
    late, connection = threading.Event(), http.client.HTTPConnection(name, port)
    try:
        wire = socket.create_connection((address, port), timeout=limit_s)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # none of the CAs, which take a while to load
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            wire = context.wrap_socket(wire, server_hostname=name)
        connection.sock = wire

        def end() -> None:
            late.set()
            wire.shutdown(socket.SHUT_RDWR)

        # One that answers a byte a second never runs into a socket's time-out.
        ending = threading.Timer(limit_s, end)
        ending.daemon = True
        ending.start()
        try:
            connection.request("GET", path, headers={"Host": name, "X-Forwarded-Proto": "https"})
            answer = connection.getresponse()
            found = answer.status, "", answer.headers.get("Location") or "", answer.read(65536)
            return (0, "timed out", "", b"") if late.is_set() else found
        finally:
            ending.cancel()
    except (OSError, ValueError, http.client.HTTPException) as error:
        return 0, "timed out" if late.is_set() else why(error), "", b""
    finally:
        connection.close()


@on_host
def why(error: Exception) -> str:
    """A word or two for what a connection failed of."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, http.client.RemoteDisconnected):
        return "closed without an answer"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason}"
    if isinstance(error, http.client.HTTPException):
        return "no HTTP"
    number = getattr(error, "errno", None) or 0
    words = {
        errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset",
        errno.EHOSTUNREACH: "unreachable", errno.ENETUNREACH: "unreachable", errno.EPERM: "not permitted",
        errno.ETIMEDOUT: "timed out",
    }  # fmt: skip
    return words.get(number) or str(getattr(error, "strerror", None) or type(error).__name__).lower()
