"""Does one step, after another look at whom it concerns. Goes to the host: standard library only."""

from __future__ import annotations

import http.client
import json
import os
import re
import stat
import urllib.parse
from pathlib import Path
from typing import Any

from mech_infra.facts.host.onhost import Docker
from mech_infra.heal.words import Json, Step

KEPT_BYTES = 256_000  # of a log that is cut: its last lines
_STOP_MORE_S = 30  # beyond the time that a container gets to end
_LOG = re.compile(r"/var/lib/docker/containers/\w+/\w+-json\.log(\.\d+)?(\.gz)?")


class Refused(Exception):
    """It was not done; the text says why."""


def act(step: Step, order: Json) -> str:
    """What was done, in words. Raises Refused, also where it is not needed any more."""
    if step.did == "cut-log":
        return cut(step.path)
    if step.did == "remove-images":
        wanted = urllib.parse.quote(json.dumps({"dangling": ["true"]}))
        freed = asked_docker("POST", f"/images/prune?filters={wanted}", limit_s=120).get("SpaceReclaimed") or 0
        return f"images that nothing names removed: {freed // 10**6} MB"
    check(step)
    if step.did == "reconnect":
        aliases = [step.what, *step.names]
        body = {"Container": step.id, "EndpointConfig": {"Aliases": aliases}}
        asked_docker("POST", f"/networks/{order['network']}/connect", body)
        return f"on {order['network']} again as {', '.join(aliases)}"
    if step.did == "unpause":
        asked_docker("POST", f"/containers/{step.id}/unpause")
        return "goes on"
    asked_docker("POST", f"/containers/{step.id}/restart?t={step.grace_s}", limit_s=step.grace_s + _STOP_MORE_S)
    return "restarted"


def check(step: Step) -> None:
    """Raises Refused unless it is the same container, as ill as it was: whoever got well meanwhile is not touched."""
    about = asked_docker("GET", f"/containers/{step.id}/json")
    state = about["State"]
    if about["Name"].lstrip("/") != step.what or state["StartedAt"] != step.started:
        raise Refused("somebody else started it or made it anew meanwhile")
    health = (state.get("Health") or {}).get("Status", "")
    if step.did == "restart" and state["Status"] == "running" and health != "unhealthy":
        raise Refused("it is well meanwhile")
    if step.did == "restart" and state["Status"] in ("restarting", "removing", "paused"):
        raise Refused(f"it is {state['Status']} meanwhile")
    if step.did == "unpause" and state["Status"] != "paused":
        raise Refused("somebody else unpaused it meanwhile")


def asked_docker(method: str, path: str, body: Any = None, limit_s: float = 20) -> Json:
    """Docker's answer; {} for none. Raises Refused with its words."""
    connection = Docker(limit_s)
    try:
        given = json.dumps(body) if body is not None else None
        connection.request(method, path, given, {"Content-Type": "application/json"} if given else {})
        reply = connection.getresponse()
        raw = reply.read()
    except (OSError, http.client.HTTPException) as error:
        raise Refused(f"Docker does not answer ({error})") from None
    finally:
        connection.close()
    try:
        found = json.loads(raw or b"{}")
    except ValueError:
        found = {"message": raw.decode(errors="replace")}
    if reply.status >= 400:
        raise Refused(f"Docker refuses: {str(found.get('message', reply.status)).strip()[:300]}")
    return found if isinstance(found, dict) else {}


def cut(path: str) -> str:
    """A container's log loses all but its last lines. Docker goes on in the same file: it only ever appends. Raises Refused."""
    if not _LOG.fullmatch(path):
        raise Refused(f"{path} is no container's log")
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise Refused(f"{path} is no file")
        kept = b""
        if Path(path).name.endswith("-json.log"):
            os.lseek(file, max(0, about.st_size - KEPT_BYTES), os.SEEK_SET)
            kept = os.read(file, KEPT_BYTES).partition(b"\n")[2]
        os.ftruncate(file, 0)
        os.write(file, kept)
    finally:
        os.close(file)
    return f"its log cut from {about.st_size // 10**6} MB to its last {len(kept) // 1000} kB"
