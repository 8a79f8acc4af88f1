"""Runs on the host, by `python3 PATH STEP` over SSH: one step of a service's rollout, as the JSON on its input says.

    room     the slot's ports are free: what else stands there is stopped
    switch   the new version is healthy, or this fails; then nginx passes to it, and it bears the guide's name
    watch    it stays healthy for a while, or the version before serves again and this fails; then that one is drained

Each can be run again at any time. What it says on failure is for people, without secrets. Standard library only, and only
what Debian 12 has.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import NoReturn

# On the host the same path stands beside this file (commands.rollout.files).
from mech_infra.rollout import asking
from mech_infra.rollout.asking import IMAGE, REPLICA, VERSION, Json

FLAGS, RECORDS = Path("/etc/nginx/mech"), Path("/var/lib/mech/rollout")
INTERNAL = "mech.internal"
OTHER = {"blue": "green", "green": "blue"}
PAUSE_S = 0.25
# In a row: at the gate before it passes, in the watch before it is given up.
GOOD, BAD = 2, 3
WHY = 500  # characters


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


def standby(service: str, slot: str) -> list[Json]:
    """The containers of the other slot, if all of them run and are healthy."""
    there = [c for c in asking.ours(service) if c["slot"] == OTHER[slot] and c["State"] == "running"]
    return there if there and all(asking.health(asking.port_of(c))[0] == 200 for c in there) else []


# -- the steps -------------------------------------------------------------------------------------------------------


def room(order: Json) -> None:
    service, slot = order["service"], order["slot"]
    there = [c for c in asking.ours(service) if c["slot"] == slot and c["version"] != order["version"]]
    running = [c for c in there if c["State"] in ("running", "restarting", "paused")]
    if running and serving(service) == slot:
        # Killed between the switch and its end: the version before stands by.
        if not standby(service, slot):
            asking.fail(f"{service}: {running[0]['name']} serves from the {slot} slot, and nothing else of {service} runs that could "
                 f"serve meanwhile. Next: mech recover, then pulumi up with the config that made it")  # fmt: skip
        pass_to(service, OTHER[slot])
    asking.stop(running)


def switch(order: Json) -> None:
    service, slot = order["service"], order["slot"]
    well = gate(order)
    before = serving(service)
    pass_to(service, slot)
    status, said = asking.health(80, f"{service}.{INTERNAL}")
    if status != 200 and well:
        if before != slot and standby(service, slot):
            pass_to(service, before)
        asking.fail(f"{service}: the new version is healthy, but nginx on the host does not pass to it ({status or said}). "
             "On the host read: nginx -t; journalctl -u nginx -n 20")  # fmt: skip
    rename(order)


def gate(order: Json) -> bool:
    """Wait until every container answers well; ends with the cause when one does not in time.

    False for what is not well and may serve all the same: it did before, was made anew, and nothing else could.
    """
    left = {c["id"]: GOOD for c in order["containers"]}
    restarts = {id_: asking.started({"id": id_, "name": order["name"]})[1] for id_ in left}
    said = {c["id"]: "nothing listens there" for c in order["containers"]}
    end = time.monotonic() + order["start_timeout_s"]
    while left:
        for each in order["containers"]:
            if each["id"] not in left:
                continue
            if why := asking.trouble(each, restarts[each["id"]]):
                refuse(order, each, why)
            status, body = asking.health(each["port"])
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
    about = asking.docker("GET", f"/containers/{container['id']}/json") or {}
    name = str(about.get("Name") or container["name"]).lstrip("/")
    image = (about.get("Config") or {}).get("Labels", {}).get(IMAGE, "")
    environment = dict(e.partition("=")[::2] for e in ((about.get("Config") or {}).get("Env") or []))
    text = (
        f"{service}: the new version {order['version']} ({image}) is refused: "
        # Shortened last: half a secret would not be known for one.
        f"{asking.redacted(why, environment, order['secrets'])[:WHY]}\n  last lines of {name}:\n"
        f"{asking.logs(container, environment, order['secrets'])}"
    )
    before = standby(service, slot)
    if not before:
        asking.fail(f"{text}\n  nothing else of {service} runs that could serve. Next: mend the config, then pulumi up")
    back = serving(service) == slot
    pass_to(service, OTHER[slot])
    asking.stop([c for c in order["containers"] if asking.docker("GET", f"/containers/{c['id']}/json") is not None])
    if back:
        rename({**order, "containers": [named(c, order) for c in before]})
    asking.fail(f"{text}\n  version {before[0]['version']} {'serves again' if back else 'goes on serving'}, the new one is stopped. "
         f"Next: mend the config and pulumi up, or mech rollback {service}")  # fmt: skip


def named(container: Json, order: Json) -> Json:
    """A container that stood by, with the guide's name that is its own: mech-llms, or mech-llms-2 for the second one."""
    replica = container["Labels"].get(REPLICA, "1")
    return {"id": container["Id"], "name": order["name"] + (f"-{replica}" if replica != "1" else "")}


def rename(order: Json) -> None:
    """The guide's names go to these containers; who bore one gets its version behind it."""
    for each in order["containers"]:
        holder = asking.docker("GET", f"/containers/{each['name']}/json")
        if holder is not None and holder["Id"] == each["id"]:
            continue
        if holder is not None:
            version = (holder["Config"].get("Labels") or {}).get(VERSION) or holder["Id"][:8]
            asking.docker("POST", f"/containers/{holder['Id']}/rename?name={each['name']}-{version}")
        asking.docker("POST", f"/containers/{each['id']}/rename?name={each['name']}")


def watch(order: Json) -> None:
    service, slot = order["service"], order["slot"]
    if serving(service) != slot:
        asking.fail(
            f"{service}: the {OTHER[slot]} slot serves, not version {order['version']} any more. Next: pulumi up"
        )
    restarts = {c["id"]: asking.started(c)[1] for c in order["containers"]}
    # Where nothing could serve in its place there is nothing to be decided.
    watch_s = order["watch_s"] if standby(service, slot) else 0
    bad = dict.fromkeys(restarts, 0)
    while True:
        young = False
        for each in order["containers"]:
            if why := asking.trouble(each, restarts[each["id"]]):
                refuse(order, each, why)
            status, said = asking.health(each["port"])
            bad[each["id"]] = 0 if status == 200 else bad[each["id"]] + 1
            if bad[each["id"]] >= BAD:
                refuse(order, each, f"{each['name']} was healthy and is not any more: {status or ''} {said.strip()}")
            young = young or time.time() - asking.started(each)[0] < watch_s or bad[each["id"]] > 0
        if not young:
            break
        time.sleep(2 * PAUSE_S)
    drain(order)
    RECORDS.mkdir(mode=0o755, parents=True, exist_ok=True)
    good(service).write_text(order["version"])


def drain(order: Json) -> None:
    """Wait until no request is under way at what served before; the engine removes it then."""
    old = [c for c in asking.ours(order["service"]) if c["version"] != order["version"] and c["State"] == "running"]
    ports = {asking.port_of(c) for c in old} - {0}
    end = time.monotonic() + order["drain_s"]
    while ports and asking.connections(ports) and time.monotonic() < end:
        time.sleep(PAUSE_S)


STEPS = {"room": room, "switch": switch, "watch": watch}

if __name__ == "__main__":
    os.umask(0o022)
    with contextlib.suppress(KeyboardInterrupt):
        STEPS[sys.argv[1]](json.load(sys.stdin))
