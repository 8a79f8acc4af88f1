"""What is done and what is left, purely: by the facts, by what is declared (orders.py), by what was done before (audit.py).

Goes to the host: standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from mech_infra.heal.elsewhere import DATABASES, answer, fullest, of_all, of_database, of_service, percent
from mech_infra.heal.words import Cause, Json, Left, Plan, Step

HOUR_S = 3600
DISK = "disk"
WELL = ("well", "starting")
# State or health, to what is done about it; what is neither here nor well is left alone.
REMEDY = {"unhealthy": "restart", "stopped": "restart", "paused": "unpause", "off": "reconnect"}
_DOCKERS = "/var/lib/docker"
_NEEDED = ("docker", "inspected", "rollouts", "answers")
_ALONE = {
    "missing": ("it is not there", "pulumi up"),
    "foreign": ("it was made by hand, so it is not the platform's", "pulumi up"),
    "crashes": ("Docker starts it over and over: one restart more would not help", "mech diagnose"),
    "unread": ("Docker does not say how it is", "mech diagnose"),
}


def plan(facts: Json, order: Json, past: Sequence[Json], now: float) -> Plan:
    """`past` are the audit log's records, `now` is Unix time. Steps come in the order in which they are to be done."""
    if facts.get("docker") is None or facts.get("inspected") is None:
        return Plan(left=(Left("docker", "docker-down", "Docker does not run or does not answer", "mech recover"),))
    if silent := [name for name in _NEEDED if facts.get(name) is None]:
        why = f"{' and '.join(silent)} could not be read"
        return Plan(left=(Left("host", "unread", why, "mech diagnose"),))
    disk = _disk(facts, order, past, now)
    if disk.steps:
        return disk  # with room again, everything looks different
    return _containers(facts, order, past, now, disk.left)


def _disk(facts: Json, order: Json, past: Sequence[Json], now: float) -> Plan:
    path, used = fullest(facts, order)
    if used < order["limits"]["disk_percent"] or facts["rollouts"]["working"]:
        return Plan()
    why = f"{path} is {used} % full"
    dockers = [fs for fs in facts.get("space") or [] if fs["path"] == _DOCKERS]
    elsewhere = dockers and percent(dockers[0]) < order["limits"]["disk_percent"]
    if elsewhere or held(DISK, order["limits"], past, now):
        return Plan(left=(Left(DISK, "disk-full", why, f"du -xh -d3 {path} | sort -h | tail"),))
    mine = {c["id"]: c["name"] for c in facts["docker"]["containers"] if order["label"] in (c["labels"] or {})}
    logs = [
        Step("cut-log", mine[found[1]], f"{why}, and its log takes {log['bytes'] // 10**6} MB", path=log["path"])
        for log in facts.get("logs") or []
        if (found := re.match(rf"{_DOCKERS}/containers/(\w+)/", log["path"])) and found[1] in mine
    ]
    return Plan((*logs, Step("remove-images", DISK, why)))


def _containers(facts: Json, order: Json, past: Sequence[Json], now: float, left: Sequence[Left]) -> Plan:
    standing = {one["name"]: condition(one, facts, order) for one in order["containers"]}
    steps: list[Step] = []
    found, tries = list(left), [one for one in _tried(past, now) if one[1] != DISK]
    for one in order["containers"]:
        name, how = one["name"], standing[one["name"]]
        if how in WELL:
            continue
        cause = _cause(one, facts, order, standing, now)
        if cause is None and len(tries) >= order["limits"]["per_hour"]:
            why = f"{len(tries)} tries on this host within an hour, which is the limit"
            cause = Cause("limit", why, "mech diagnose")
        if cause is None and (wait := held(name, order["limits"], past, now)):
            cause = wait
        if cause is None:
            steps += _steps(one, how, facts, order)
            tries.append((now, name))
        else:
            soon = how == "unhealthy" and any(step.what == cause.of for step in steps)
            found.append(Left(name, cause.code, cause.why, cause.then, soon))
    if not steps and not found and (bad := _not_passed(facts)):
        why = f"the containers of {', '.join(bad)} answer, and nginx does not pass to them"
        found.append(Left("nginx", "nginx", why, "mech diagnose"))
    return Plan(tuple(steps), tuple(found))


def condition(one: Json, facts: Json, order: Json) -> str:
    """well, starting; unhealthy, stopped, paused, off (the network); missing, foreign, crashes, unread; or Docker's word."""
    item = next((c for c in facts["docker"]["containers"] if c["name"] == one["name"]), None)
    about = facts["inspected"].get(one["name"])
    if item is None:
        return "missing"
    if order["label"] not in (item["labels"] or {}):
        return "foreign"
    if about is None:
        return "unread"
    state = str(about["state"])
    if state != "running":
        return {"exited": "stopped", "dead": "stopped", "created": "stopped", "restarting": "crashes"}.get(state, state)
    if order["network"] not in about["networks"]:
        return "off"
    if about["health"] != "unhealthy":
        return "starting" if about["health"] == "starting" else "well"
    # Docker looks every ten seconds: who answers well again is well.
    said = answer(one, facts)
    return "starting" if said.get("code") == 200 and said.get("status") == "ok" else "unhealthy"


def _cause(one: Json, facts: Json, order: Json, standing: Mapping[str, str], now: float) -> Cause | None:
    """Why this container is left alone, whatever was done before."""
    how = standing[one["name"]]
    if how not in REMEDY:
        why, then = _ALONE.get(how, (f"Docker is {how} it", "mech diagnose"))
        return Cause(how, why, then)
    if facts["rollouts"]["working"]:
        return Cause("rollout", "pulumi is at work on this host", "wait until it is through")
    if one["service"] and (why := changing(one, facts, order)):
        return Cause("rollout", why, "pulumi up")
    if cause := of_all(facts, order):
        return cause
    if how in ("off", "paused"):
        return None  # its place and its time are all that it lacks
    if one["name"] in DATABASES:
        return of_database(one["name"], facts, order)
    return of_service(one, facts, order, standing, now)


def changing(one: Json, facts: Json, order: Json) -> str:
    """Why its service is in the middle of a rollout; empty where it is not."""
    keys, service = order["labels"], one["service"]
    known = [c for c in facts["docker"]["containers"] if (c["labels"] or {}).get(keys["service"]) == service]
    labels: Json = next((c["labels"] for c in known if c["name"] == one["name"]), {})
    mine = labels.get(keys["version"])
    stopped = ("exited", "dead")  # refused by its gate, and nothing that is under way
    others = [c["name"] for c in known if c["labels"].get(keys["version"]) != mine and c["state"] not in stopped]
    if others:
        return f"{others[0]}, another version, stands beside it: a rollout is not through"
    slot = "green" if service in facts["rollouts"]["green"] else "blue"
    if labels.get(keys["slot"], slot) != slot:
        return f"nginx passes to the {slot} slot, in which it is not: a rollout is not through"
    if facts["rollouts"]["good"].get(service, mine) != mine:
        return "its version was not watched to the end: a rollout is not through"
    return ""


def _steps(one: Json, how: str, facts: Json, order: Json) -> list[Step]:
    about = facts["inspected"][one["name"]]
    given = {"id": next(c["id"] for c in facts["docker"]["containers"] if c["name"] == one["name"])}
    grace = order["grace_s"]["database" if one["name"] in DATABASES else "service"]
    why = {
        "unhealthy": "its health check fails",
        "paused": "it is paused",
        "off": f"it is not on {order['network']}",
    }.get(how) or f"it is {about['state']} (exit code {about['exit']}{', out of memory' * bool(about['oom'])})"
    found = []
    if order["network"] not in about["networks"]:
        away = f"it is not on {order['network']}"
        found = [Step("reconnect", one["name"], away, **given, started=about["started"], names=tuple(one["aliases"]))]
    if how != "off":
        found.append(Step(REMEDY[how], one["name"], why, **given, started=about["started"], grace_s=grace))
    return found


def held(what: str, limits: Json, past: Iterable[Json], now: float) -> Cause | None:
    """Why nothing is tried on it now: it was tried as often as may be, or not long enough ago."""
    times = sorted(at for at, name in _tried(past, now) if name == what)
    if len(times) >= limits["per_container"]:
        return Cause(
            "limit", f"{len(times)} tries within an hour, which is the limit, and it is ill again", "mech diagnose"
        )
    wait = limits["first_wait_s"] * 2 ** (len(times) - 1) if times else 0
    if times and (left := times[-1] + wait - now) > 0:
        tries = "one try" if len(times) == 1 else f"{len(times)} tries"
        return Cause("waits", f"{tries} within an hour: the next one in {left:.0f} s at the earliest", "mech diagnose")
    return None


def _tried(past: Iterable[Json], now: float) -> list[tuple[float, str]]:
    """(when, what) of what was begun within an hour; what one run did to one container is one try."""
    runs = {
        (record["run"], record["what"]): record["at"]
        for record in past
        if record["outcome"] == "begun" and record["did"] != "cut-log" and abs(now - record["at"]) < HOUR_S
    }
    return [(at, what) for (_, what), at in runs.items()]


def _not_passed(facts: Json) -> list[str]:
    """Services whose containers are all well, and nginx does not say so."""
    return sorted(
        service
        for service, said in facts["answers"].items()
        if (there := said["containers"].values())
        and all(one["code"] == 200 for one in there)
        and said["nginx"]["code"] in (0, 502, 503, 504)
    )
