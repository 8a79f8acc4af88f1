"""Runs on the host, by `python3 PATH STEP` over SSH: one step of a service's rollout, as the JSON on its input says.

    room     the slot's ports are free: what else stands there is stopped
    switch   the new version is healthy, or this fails; then nginx passes to it, and it bears the guide's name
    watch    it stays healthy for a while, or the version before serves again and this fails; then that one is drained

Each can be run again at any time. What it says on failure is for people, without secrets. Standard library only, and only
what Debian 12 has.
"""

from __future__ import annotations

import calendar
import contextlib
import http.client
import json
import os
import re
import socket
import struct
import sys
import time
import urllib.parse
from pathlib import Path
from typing import Any, NoReturn

SOCKET = "/run/docker.sock"
FLAGS, RECORDS = Path("/etc/nginx/mech"), Path("/var/lib/mech/rollout")
INTERNAL = "mech.internal"
SERVICE, VERSION, SLOT, REPLICA, IMAGE = "mech.service", "mech.version", "mech.slot", "mech.replica", "mech.image"
OTHER = {"blue": "green", "green": "blue"}
PAUSE_S = 0.25
# In a row: at the gate before it passes, in the watch before it is given up.
GOOD, BAD = 2, 3
STOP_S = 30
LOG_LINES = 15
WHY = 500  # characters
Json = dict[str, Any]


def fail(text: str) -> NoReturn:
    sys.stderr.write(text.rstrip() + "\n")
    sys.exit(1)


# -- Docker and the services, asked ----------------------------------------------------------------------------------


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


# -- which slot serves -----------------------------------------------------------------------------------------------


def flag(service: str) -> Path:
    """nginx looks for it at each request: there, the green slot serves."""
    return FLAGS / f"{service}.green"


def serving(service: str) -> str:
    return "green" if flag(service).exists() else "blue"


def pass_to(service: str, slot: str) -> None:
    FLAGS.mkdir(mode=0o755, exist_ok=True)
    if slot == "green":
        flag(service).touch(mode=0o644)
    else:
        flag(service).unlink(missing_ok=True)


def good(service: str) -> Path:
    """Names the version that was watched to the end, last."""
    return RECORDS / service


def was_good(order: Json) -> bool:
    return good(order["service"]).exists() and good(order["service"]).read_text() == order["version"]


def port_of(container: Json) -> int:
    return next((p["PublicPort"] for p in container.get("Ports") or [] if p.get("PublicPort")), 0)


def standby(service: str, slot: str) -> list[Json]:
    """The containers of the other slot, if all of them run and are healthy."""
    there = [c for c in ours(service) if c["slot"] == OTHER[slot] and c["State"] == "running"]
    return there if there and all(health(port_of(c))[0] == 200 for c in there) else []


def stop(containers: list[Json]) -> None:
    for each in containers:
        docker("POST", f"/containers/{each.get('id') or each['Id']}/stop?t={STOP_S}", timeout=STOP_S + 20)


# -- the steps -------------------------------------------------------------------------------------------------------


def room(order: Json) -> None:
    service, slot = order["service"], order["slot"]
    there = [c for c in ours(service) if c["slot"] == slot and c["version"] != order["version"]]
    running = [c for c in there if c["State"] in ("running", "restarting", "paused")]
    if running and serving(service) == slot:
        # Killed between the switch and its end: the version before stands by.
        if not standby(service, slot):
            fail(f"{service}: {running[0]['name']} serves from the {slot} slot, and nothing else of {service} runs that could "
                 f"serve meanwhile. Next: mech recover, then pulumi up with the config that made it")  # fmt: skip
        pass_to(service, OTHER[slot])
    stop(running)


def switch(order: Json) -> None:
    service, slot = order["service"], order["slot"]
    well = gate(order)
    before = serving(service)
    pass_to(service, slot)
    status, said = health(80, f"{service}.{INTERNAL}")
    if status != 200 and well:
        if before != slot and standby(service, slot):
            pass_to(service, before)
        fail(f"{service}: the new version is healthy, but nginx on the host does not pass to it ({status or said}). "
             "On the host read: nginx -t; journalctl -u nginx -n 20")  # fmt: skip
    rename(order)


def gate(order: Json) -> bool:
    """Wait until every container answers well; ends with the cause when one does not in time.

    False for what is not well and may serve all the same: it did before, was made anew, and nothing else could.
    """
    left = {c["id"]: GOOD for c in order["containers"]}
    restarts = {id_: started({"id": id_, "name": order["name"]})[1] for id_ in left}
    said = {c["id"]: "nothing listens there" for c in order["containers"]}
    end = time.monotonic() + order["start_timeout_s"]
    while left:
        for each in order["containers"]:
            if each["id"] not in left:
                continue
            if why := trouble(each, restarts[each["id"]]):
                refuse(order, each, why)
            status, body = health(each["port"])
            left[each["id"]] = left[each["id"]] - 1 if status == 200 else GOOD
            said[each["id"]] = f"/health answers {status}: {body.strip()}" if status else body
            if not left[each["id"]]:
                del left[each["id"]]
        if left and time.monotonic() > end:
            each = next(c for c in order["containers"] if c["id"] in left)
            if (
                said[each["id"]].startswith("/health")
                and was_good(order)
                and not standby(order["service"], order["slot"])
            ):
                return False  # what it lacks, a vendor perhaps, no other version would have
            refuse(
                order,
                each,
                f"{each['name']} is not healthy after {order['start_timeout_s']} s: {_worded(said[each['id']], each)}",
            )
        time.sleep(PAUSE_S if left else 0)
    return True


def _worded(said: str, container: Json) -> str:
    if said == "nothing listens there":
        return f"nothing listens on its port {container['internal']}"
    return said


def refuse(order: Json, container: Json, why: str) -> NoReturn:
    """The new version does not take over. What serves goes on; the new one is stopped, so that it does no harm."""
    service, slot = order["service"], order["slot"]
    about = docker("GET", f"/containers/{container['id']}/json") or {}
    name = str(about.get("Name") or container["name"]).lstrip("/")
    image = (about.get("Config") or {}).get("Labels", {}).get(IMAGE, "")
    environment = dict(e.partition("=")[::2] for e in ((about.get("Config") or {}).get("Env") or []))
    text = (
        f"{service}: the new version {order['version']} ({image}) is refused: "
        # Shortened last: half a secret would not be known for one.
        f"{redacted(why, environment, order['secrets'])[:WHY]}\n  last lines of {name}:\n"
        f"{logs(container, environment, order['secrets'])}"
    )
    before = standby(service, slot)
    if not before:
        fail(f"{text}\n  nothing else of {service} runs that could serve. Next: mend the config, then pulumi up")
    back = serving(service) == slot
    pass_to(service, OTHER[slot])
    stop([c for c in order["containers"] if docker("GET", f"/containers/{c['id']}/json") is not None])
    if back:
        rename({**order, "containers": [named(c, order) for c in before]})
    fail(f"{text}\n  version {before[0]['version']} {'serves again' if back else 'goes on serving'}, the new one is stopped. "
         f"Next: mend the config and pulumi up, or mech rollback {service}")  # fmt: skip


def named(container: Json, order: Json) -> Json:
    """A container that stood by, with the guide's name that is its own: mech-llms, or mech-llms-2 for the second one."""
    replica = container["Labels"].get(REPLICA, "1")
    return {"id": container["Id"], "name": order["name"] + (f"-{replica}" if replica != "1" else "")}


def rename(order: Json) -> None:
    """The guide's names go to these containers; who bore one gets its version behind it."""
    for each in order["containers"]:
        holder = docker("GET", f"/containers/{each['name']}/json")
        if holder is not None and holder["Id"] == each["id"]:
            continue
        if holder is not None:
            version = (holder["Config"].get("Labels") or {}).get(VERSION) or holder["Id"][:8]
            docker("POST", f"/containers/{holder['Id']}/rename?name={each['name']}-{version}")
        docker("POST", f"/containers/{each['id']}/rename?name={each['name']}")


def watch(order: Json) -> None:
    service, slot = order["service"], order["slot"]
    if serving(service) != slot:
        fail(f"{service}: the {OTHER[slot]} slot serves, not version {order['version']} any more. Next: pulumi up")
    restarts = {c["id"]: started(c)[1] for c in order["containers"]}
    # Where nothing could serve in its place there is nothing to be decided.
    watch_s = order["watch_s"] if standby(service, slot) else 0
    bad = dict.fromkeys(restarts, 0)
    while True:
        young = False
        for each in order["containers"]:
            if why := trouble(each, restarts[each["id"]]):
                refuse(order, each, why)
            status, said = health(each["port"])
            bad[each["id"]] = 0 if status == 200 else bad[each["id"]] + 1
            if bad[each["id"]] >= BAD:
                refuse(order, each, f"{each['name']} was healthy and is not any more: {status or ''} {said.strip()}")
            young = young or time.time() - started(each)[0] < watch_s or bad[each["id"]] > 0
        if not young:
            break
        time.sleep(2 * PAUSE_S)
    drain(order)
    RECORDS.mkdir(mode=0o755, parents=True, exist_ok=True)
    good(service).write_text(order["version"])


def started(container: Json) -> tuple[float, int]:
    """(when it was started, Unix time; how often Docker restarted it)."""
    about = docker("GET", f"/containers/{container['id']}/json")
    if about is None:
        fail(f"{container['name']} is gone. Next: pulumi up")
    at = time.strptime(about["State"]["StartedAt"][:19], "%Y-%m-%dT%H:%M:%S")
    return float(calendar.timegm(at)), about.get("RestartCount", 0)


def drain(order: Json) -> None:
    """Wait until no request is under way at what served before; the engine removes it then."""
    old = [c for c in ours(order["service"]) if c["version"] != order["version"] and c["State"] == "running"]
    ports = {port_of(c) for c in old} - {0}
    end = time.monotonic() + order["drain_s"]
    while ports and connections(ports) and time.monotonic() < end:
        time.sleep(PAUSE_S)


def connections(ports: set[int]) -> int:
    """How many TCP connections to these ports of the loopback are open, as proc(5) has them."""
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        address, _, port = words[2].partition(":")
        count += address == "0100007F" and int(port, 16) in ports and words[3] == "01"
    return count


STEPS = {"room": room, "switch": switch, "watch": watch}

if __name__ == "__main__":
    os.umask(0o022)
    with contextlib.suppress(KeyboardInterrupt):
        STEPS[sys.argv[1]](json.load(sys.stdin))
