"""Asks Docker, a service and the kernel of the host on which a rollout's steps run (onhost.py); goes there with it.

Standard library only, and only what Debian 12 has.
"""

from __future__ import annotations

import calendar
import http.client
import json
import re
import socket
import struct
import sys
import time
import urllib.parse
from pathlib import Path
from typing import Any, NoReturn

SOCKET = "/run/docker.sock"
SERVICE, VERSION, SLOT, REPLICA, IMAGE = "mech.service", "mech.version", "mech.slot", "mech.replica", "mech.image"
STOP_S = 30
LOG_LINES = 15
Json = dict[str, Any]


def fail(text: str) -> NoReturn:
    sys.stderr.write(text.rstrip() + "\n")
    sys.exit(1)


class Local(http.client.HTTPConnection):
    """HTTP to Docker's socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def docker(method: str, path: str, timeout: float = 20) -> Any:
    """What Docker answers, parsed; None where there is no such thing. Ends with Docker's words when it refuses."""
    connection = Local("localhost", timeout=timeout)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
    except OSError as error:
        fail(f"Docker does not answer on the host ({error}); Next: mech recover, then pulumi up")
    finally:
        connection.close()
    if answer.status == 404:
        return None
    if answer.status >= 400:
        fail(f"Docker refuses {method} {path.partition('?')[0]}: {body.decode(errors='replace').strip()}")
    return json.loads(body) if body[:1] in (b"{", b"[") else body


def ours(service: str) -> list[Json]:
    """All containers of a service, running or not, each with `name`, `version`, `slot`."""
    wanted = urllib.parse.quote(json.dumps({"label": [f"{SERVICE}={service}"]}))
    found = docker("GET", f"/containers/json?all=1&filters={wanted}") or []
    for each in found:
        each["name"] = (each.get("Names") or ["/?"])[0].lstrip("/")
        each["version"], each["slot"] = each["Labels"].get(VERSION, ""), each["Labels"].get(SLOT, "")
    return list(found)


def health(port: int, host: str = "", timeout: float = 3) -> tuple[int, str]:
    """(status, body) of /health; status 0 with the reason where there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/health", headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read(4000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, "no answer in time" if isinstance(error, TimeoutError) else "nothing listens there"
    finally:
        connection.close()


def trouble(container: Json, restarts: int) -> str:
    """Why it does not run, "" while it does; `restarts` is how often it had been restarted when it was looked at first."""
    about = docker("GET", f"/containers/{container['id']}/json")
    if about is None:
        return f"{container['name']} is gone"
    name = about["Name"].lstrip("/")
    state, limit = about["State"], about["HostConfig"].get("Memory") or 0
    if state.get("Running") and not state.get("Restarting") and about.get("RestartCount", 0) == restarts:
        return ""
    if state.get("OOMKilled") or (state.get("ExitCode") == 137 and limit):
        return f"{name} was killed: it needs more memory than its limit of {limit >> 20} MiB"
    if about.get("RestartCount", 0) > restarts:
        return f"{name} ended and was restarted ({about['RestartCount']} times)"
    said = state.get("Error") or f"exit code {state.get('ExitCode')}"
    return f"{name} {'ended' if state.get('StartedAt', '0001') > '0002' else 'did not start'} ({said})"


def logs(container: Json, environment: dict[str, str], secrets: list[str]) -> str:
    """Its last lines, without the values of its secrets."""
    raw = docker("GET", f"/containers/{container['id']}/logs?stdout=1&stderr=1&tail={LOG_LINES}") or b""
    text = "".join(_frames(raw)) if isinstance(raw, bytes) else ""
    lines = redacted(text, environment, secrets).splitlines()[-LOG_LINES:]
    return "\n".join(f"    {line[:300]}" for line in lines) or "    (nothing)"


def _frames(raw: bytes) -> list[str]:
    """Docker sends each piece of output behind eight bytes: stream, three zeros, its length."""
    found = []
    while len(raw) >= 8:
        (length,) = struct.unpack(">I", raw[4:8])
        found.append(raw[8 : 8 + length].decode(errors="replace"))
        raw = raw[8 + length :]
    return found


def redacted(text: str, environment: dict[str, str], secrets: list[str]) -> str:
    """`text` with each secret's name in its place, also where only the password of a URL stands."""
    hidden = {}
    for name in secrets:
        value = environment.get(name, "")
        inside = re.search(r"://[^:/@]*:([^@]+)@", value)
        for part in (value, *([inside[1], urllib.parse.unquote(inside[1])] if inside else [])):
            if len(part) > 3:
                hidden[part] = name
    for part in sorted(hidden, key=len, reverse=True):
        text = text.replace(part, f"[{hidden[part]}]")
    return text


def port_of(container: Json) -> int:
    return next((p["PublicPort"] for p in container.get("Ports") or [] if p.get("PublicPort")), 0)


def stop(containers: list[Json]) -> None:
    for each in containers:
        docker("POST", f"/containers/{each.get('id') or each['Id']}/stop?t={STOP_S}", timeout=STOP_S + 20)


def started(container: Json) -> tuple[float, int]:
    """(when it was started, Unix time; how often Docker restarted it)."""
    about = docker("GET", f"/containers/{container['id']}/json")
    if about is None:
        fail(f"{container['name']} is gone. Next: pulumi up")
    at = time.strptime(about["State"]["StartedAt"][:19], "%Y-%m-%dT%H:%M:%S")
    return float(calendar.timegm(at)), about.get("RestartCount", 0)


def connections(ports: set[int]) -> int:
    """How many TCP connections to these ports of the loopback are open, as proc(5) has them."""
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        address, _, port = words[2].partition(":")
        count += address == "0100007F" and int(port, 16) in ports and words[3] == "01"
    return count
