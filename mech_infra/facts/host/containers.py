"""Containers closely: how each runs and ends, within which limits, what it said last; and Docker's own settings."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import re
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mech_infra.facts.host.docker import started
from mech_infra.facts.host.onhost import Docker, ask, text
from mech_infra.facts.host.program import asked, on_host


@asked()
def inspected() -> dict[str, Any] | None:
    """By name each container; nothing of its environment. None where Docker does not answer."""
    try:
        ids = [item["Id"] for item in ask("/containers/json?all=1", timeout=5)] if started() else None
    except (OSError, ValueError, http.client.HTTPException):
        ids = None
    if ids is None:
        return None
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return {name: about for found in pool.map(closely, ids) for name, about in found.items()}


@on_host
def closely(id_: str) -> dict[str, Any]:
    """{} for one that is gone meanwhile, or that Docker does not answer for."""
    try:
        about = ask(f"/containers/{id_}/json", timeout=5)
        name = about["Name"].lstrip("/")
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return {}
    state, limits = about["State"], about["HostConfig"]
    log = limits.get("LogConfig") or {}
    # A driver's options may hold its token.
    options = {k: v for k, v in (log.get("Config") or {}).items() if k in ("max-size", "max-file", "mode", "compress")}
    return {
        name: {
            "state": state["Status"], "health": (state.get("Health") or {}).get("Status", ""), "oom": state["OOMKilled"],
            "restarts": about.get("RestartCount", 0), "exit": state["ExitCode"], "created": about.get("Created", ""), "started": state["StartedAt"],
            "error": state.get("Error", "")[:300], "memory": limits.get("Memory") or 0,
            "cpus": (limits.get("NanoCpus") or 0) / 1e9, "log": {"driver": log.get("Type", ""), "options": options},
            "restart": (limits.get("RestartPolicy") or {}).get("Name", ""),
            "networks": sorted((about.get("NetworkSettings") or {}).get("Networks") or {}), "said": said(id_, state["Status"] == "running"),
        }
    }  # fmt: skip


@asked()
def usage() -> dict[str, Any] | None:
    """By name of each container that runs its memory now, in bytes, without what the kernel can drop; and its limit."""
    try:
        items = ask("/containers/json", timeout=5) if started() else None
    except (OSError, ValueError, http.client.HTTPException):
        items = None
    if items is None:
        return None
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(memory, [item["Id"] for item in items]))
    return {item["Names"][0].lstrip("/"): one for item, one in zip(items, taken, strict=True) if one}


@on_host
def memory(id_: str) -> dict[str, int]:
    """As `docker stats` counts it (docker/cli: calculateMemUsageUnixNoCache); {} where Docker or the kernel does not say."""
    try:
        about = ask(f"/containers/{id_}/stats?stream=false&one-shot=true", timeout=5).get("memory_stats") or {}
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    parts = about.get("stats") or {}
    unused = parts.get("total_inactive_file", parts.get("inactive_file", 0))
    return {"used": max(0, about["usage"] - unused), "limit": about.get("limit") or 0} if about.get("usage") else {}


@on_host
def said(id_: str, running: bool) -> list[str]:
    """The last 30 lines of its log, of one that runs only of late; none where its driver keeps no log that Docker reads."""
    since = int(time.time() - 600) if running else 0
    connection = Docker(timeout=5)
    try:
        connection.request("GET", f"/containers/{id_}/logs?stdout=1&stderr=1&tail=30&since={since}")
        answer = connection.getresponse()
        return lines(answer.read(500_000)) if answer.status == 200 else []
    except (OSError, http.client.HTTPException):
        return []
    finally:
        connection.close()


@on_host
def lines(stream: bytes) -> list[str]:
    """Docker's stream of a log as lines: frames of [stream, 0, 0, 0, length] before each piece, or a terminal's text."""
    pieces, at = [], 0
    while stream[at + 1 : at + 4] == b"\0\0\0" and len(stream) >= at + 8:
        (length,) = struct.unpack_from(">I", stream, at + 4)
        pieces.append(stream[at + 8 : at + 8 + length])
        at += 8 + length
    text_ = (b"".join(pieces) or stream).decode(errors="replace")
    return [line.rstrip()[:300] for line in text_.splitlines() if line.strip()][-30:]


@asked()
def daemon() -> dict[str, Any]:
    """Docker's settings of its file ("error" for a file that is no JSON), what it warns of, and the links' MTUs.

    `version` is empty where it does not answer.
    """
    file, error = {}, ""
    try:
        file = json.loads(text("/etc/docker/daemon.json") or "{}")
    except ValueError as problem:
        error = str(problem)
    try:
        info = ask("/info", timeout=5) if started() else {}
    except (OSError, ValueError, http.client.HTTPException):
        info = {}
    return {
        "config": shown(file), "error": error, "warnings": info.get("Warnings") or [],
        "version": info.get("ServerVersion", ""), "mtu": mtu(),
    }  # fmt: skip


@on_host
def shown(value: Any) -> Any:
    """Settings without what lets somebody in: passwords in addresses, and what is called a secret."""
    if isinstance(value, Mapping):
        hidden = r"(?i)token|secret|password|auth"
        return {key: "***" if re.search(hidden, key) else shown(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shown(inner) for inner in value]
    return re.sub(r"://[^/@\s]+@", "://***@", value) if isinstance(value, str) else value


@on_host
def mtu() -> dict[str, int]:
    """By link of the host (containers' ends left out) how many bytes a packet may have."""
    found = {path.parent.name: text(path) for path in Path("/sys/class/net").glob("*/mtu")}
    return {name: int(value) for name, value in found.items() if value and not name.startswith("veth")}
