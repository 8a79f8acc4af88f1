"""Facts into words, purely: what of a check's subject is not as declared."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from mech_infra.commands import passwords, redis
from mech_infra.commands.containers import MANAGED
from mech_infra.commands.firewall import closing

Facts = Mapping[str, Any]
Args = Mapping[str, Any]


def observe(checks: Mapping[str, Args], facts: Facts) -> dict[str, str]:
    """Each check's label with the word that is true of the host: the good one, or what is there in its place."""
    return {label: _judged(args, facts) or args["good"] for label, args in checks.items()}


def _judged(args: Args, facts: Facts) -> str | None:
    # A kind that an older or newer program wrote into the state is not judged: the next update brings it up to date.
    judge = JUDGES.get(str(args.get("kind")))
    return judge(args, facts) if judge else None


# --- judges: None is "as declared"; a fact that could not be read is no drift


def _unit(args: Args, facts: Facts) -> str | None:
    name = args["name"] if "." in args["name"] else f"{args['name']}.service"
    about = (facts.get("units") or {}).get(name)
    if about is None:
        return None
    if about["load"] in ("not-found", "masked"):
        return str(about["load"])
    wrong = [] if args.get("boot_only") or about["active"] == "active" else ["not running"]
    return ", ".join(wrong + ([] if about["enabled"] in ("enabled", "static") else ["not at boot"])) or None


def _package(args: Args, facts: Facts) -> str | None:
    return None if facts.get("packages") is None or args["name"] in facts["packages"] else "not installed"


def _file(args: Args, facts: Facts) -> str | None:
    if facts.get("files") is None:
        return None
    about = facts["files"].get(args["path"])
    if about is None:
        return "missing"
    wrong = ["edited"] if args.get("sha256") not in (None, about["sha256"]) else []
    wrong += [f"mode {about['mode']}"] if about["mode"] != args["mode"] else []
    return ", ".join(wrong + ([f"owner {about['owner']}"] if about["owner"] != "root" else [])) or None


def _slot(args: Args, facts: Facts) -> str | None:
    if facts.get("files") is None or "flag" not in args:
        return None
    there = "green" if args["flag"] in facts["files"] else "blue"
    # A version that was refused is stopped, and that the one before serves is as it should be.
    return None if there == args["good"] or not _running(args.get("labels") or {}, facts) else there


def _bears_name(args: Args, facts: Facts) -> str | None:
    names = _running(args["labels"], facts)
    # Where none runs, that is another check's to tell.
    return None if not names or args["name"] in names else f"is called {names[0]}"


def _running(labels: Mapping[str, str], facts: Facts) -> list[str]:
    """Names of the containers that run and have these labels."""
    known = (facts.get("docker") or {}).get("containers", [])
    return [c["name"] for c in known if c["state"] == "running" and labels.items() <= (c["labels"] or {}).items()]


def _ufw_on(args: Args, facts: Facts) -> str | None:
    if facts.get("ufw") is None:
        return None
    if not facts["ufw"]["enabled"]:
        return "off"
    live = facts.get("chains")
    return (
        "on, but its rules are not loaded" if live is not None and "-A INPUT -j ufw-before-input" not in live else None
    )


def _ufw_denies(args: Args, facts: Facts) -> str | None:
    about, live = facts.get("ufw"), facts.get("chains")
    if about is None:
        return None
    if about["policy"] != "DROP":
        return {"ACCEPT": "allow", "REJECT": "reject"}.get(about["policy"], about["policy"].lower() or "not set")
    return "allow (iptables)" if about["enabled"] and live is not None and "-P INPUT DROP" not in live else None


def _ports(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last or first) + 1)


def _covers(rule: list[str], port: str) -> bool:
    """Whether a rule's tuple (action protocol dport dst sport src direction …) speaks of one of these ports."""
    if rule[1] not in ("tcp", "any") or (len(rule) > 6 and not rule[6].startswith("in")):
        return False
    wanted = _ports(port)
    return any(
        part == "any" or any(number in wanted for number in (_ports(part)[0], _ports(part)[-1])) or
        (_ports(part)[0] <= wanted[0] <= _ports(part)[-1])
        for part in rule[2].split(",")
    )  # fmt: skip


def _ufw_rule(args: Args, facts: Facts) -> str | None:
    about, live = facts.get("ufw"), facts.get("chains")
    if about is None:
        return None
    source = args["source"] or "0.0.0.0/0"
    wanted = ["allow", "tcp", args["port"], "0.0.0.0/0", "any", source, "in"]
    if ":" in source:
        return None  # IPv6 rules stand in a file of their own, that nothing here reads
    tuples = [rule["tuple"] for rule in about["rules"]]
    if wanted not in tuples:
        same = [rule[0] for rule in tuples if rule[1:7] == wanted[1:7]]
        return same[0] if same else "missing"
    for rule in tuples[: tuples.index(wanted)]:
        if rule[0].split("_")[0] in ("deny", "reject", "limit") and _covers(rule, args["port"]):
            return f"shadowed by `{rule[0]} {rule[2]}{'' if rule[1] == 'any' else '/' + rule[1]}`"
    before = [line for line in live or [] if line.startswith("-A INPUT ")]
    before = before[: next((i for i, line in enumerate(before) if " -j ufw-" in line), len(before))]
    if closed := next((line for line in before if re.search(closing([args["port"]]), line)), None):
        return f"closed by iptables: `{closed}`"
    if about["enabled"] and live is not None:
        loaded = [line for line in live if line.startswith("-A ufw-user-input ") and line.endswith("-j ACCEPT")]
        if not any(f"--dport {args['port']} " in line or f"--dports {args['port']} " in line for line in loaded):
            return "not loaded"
    return None


def _ufw_only_declared(args: Args, facts: Facts) -> str | None:
    others = [rule["tuple"] for rule in (facts.get("ufw") or {}).get("rules", []) if rule["comment"] != "mech"]
    return ", ".join(f"{rule[0]} {rule[2]}/{rule[1]}" for rule in others) or None


def _docker_guard(args: Args, facts: Facts) -> str | None:
    about, live = facts.get("ufw"), facts.get("chains")
    if about is None:
        return None
    if args["text"] not in about["after"]:
        return "edited" if "mech: published ports" in about["after"] else "missing"
    wanted = [line for line in args["text"].splitlines() if line.startswith("-A DOCKER-USER")]
    now = [line for line in live or [] if line.startswith("-A DOCKER-USER")]
    return "not in force" if live is not None and about["enabled"] and now[: len(wanted)] != wanted else None


def _container(args: Args, facts: Facts) -> str | None:
    if facts.get("docker") is None:
        return None
    found = next((c for c in facts["docker"]["containers"] if c["name"] == args["name"]), None)
    if found is None:
        return "missing"
    if MANAGED not in (found["labels"] or {}):
        return "made by hand"
    if found["state"] != "running":
        return str(found["state"])
    if args["network"] not in found["networks"]:
        return f"not on {args['network']}"
    lost = sorted(set(args.get("aliases") or []) - set(found["aliases"]))
    if lost:
        return f"not known as {', '.join(lost)}"
    others = [name for name in found["networks"] if name != args["network"]]
    return f"also on {', '.join(others)}" if others else None


def _network(args: Args, facts: Facts) -> str | None:
    if facts.get("docker") is None:
        return None
    found = [n for n in facts["docker"]["networks"] if n["name"] == args["name"]]
    if not found:
        return "missing"
    return None if all(MANAGED in network["labels"] for network in found) else "made by hand"


def _image(args: Args, facts: Facts) -> str | None:
    known = (facts.get("docker") or {}).get("images")
    if known is None:
        return None
    repository, _, tag = args["reference"].partition("@")[0].rpartition(":")
    if not repository or "/" in tag:  # no tag: Docker means "latest"
        repository, tag = args["reference"], "latest"
    pulled = known.get(f"{repository}:{tag}")
    if pulled is None:
        return "missing"
    return None if repository in pulled else "another image stands under this tag"


def _redis(args: Args, facts: Facts) -> str | None:
    about = facts.get("redis") or {}
    if facts.get("docker") is None or args["name"] not in about:  # it does not answer, or refuses the password
        return None
    value = about[args["name"]]
    return None if value == args["value"] else value or "empty"


def _redis_password(args: Args, facts: Facts) -> str | None:
    about = facts.get("redis") or {}
    if "user" not in args or "users" not in about:  # of an older program; it did not answer, or knows no users
        return about.get("password")
    users = {name: rules for _, name, rules in (line.split(" ", 2) for line in about["users"])}
    default = users.get("default", "")
    if args["user"]:
        mine = users.get(args["user"], "").split()
        if [word for word in mine if word.startswith("#")] != [f"#{args['digest']}"] or not {"on", "+@all"} <= {*mine}:
            return "refused"
        if "nopass" not in default.split():
            return "another one, too"
        if not default.endswith(redis.PING):
            return "not asked for"
    elif "nopass" not in default.split() or not default.endswith("+@all"):
        return "asked for"
    former = [name for name in users if re.fullmatch(passwords.USER, name) and name != args["user"]]
    return "a former one, too" if former else None


def _mongodb_password(args: Args, facts: Facts) -> str | None:
    about = facts.get("mongodb")
    if not about:  # it does not run, or does not answer
        return None
    if not args["user"]:
        return None if about["asks_nobody"] else "asked for"
    if args["user"] not in about["users"]:
        return "refused"
    if about["asks_nobody"]:
        return "not asked for"
    return "a former one, too" if len(about["users"]) > 1 else None


def _certificate(args: Args, facts: Facts) -> str | None:
    if "certificate" not in facts:
        return None
    about = facts["certificate"]
    if about is None:
        return "missing or not readable"
    if sorted(about["names"]) != sorted(args["names"]):
        return f"for {', '.join(about['names']) or 'no name'}"
    if not about["matches"]:
        return "does not belong to its key"
    end = dt.datetime.strptime(about["end"], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=dt.UTC)
    left = end - dt.datetime.now(dt.UTC)
    if left < dt.timedelta(0):
        return f"expired on {end:%Y-%m-%d}"
    return f"expires on {end:%Y-%m-%d}" if left < dt.timedelta(days=args["renew_before_days"]) else None


def _mounted(args: Args, facts: Facts) -> str | None:
    mounts = facts.get("mounts")
    return None if mounts is None or args["path"] in [mount[1] for mount in mounts] else "not mounted"


def _nginx_accepts(args: Args, facts: Facts) -> str | None:
    about = facts.get("nginx")
    if about is None or about["accepts"]:
        return None
    return "refuses: " + (about["says"][0].strip() if about["says"] else "see nginx -t on the host")


def _nginx_current(args: Args, facts: Facts) -> str | None:
    about = facts.get("nginx") or {}
    worker, config = about.get("newest_worker_s"), about.get("config_s")
    # Half a clock tick and the probe's own steps lie between the two readings.
    stale = worker is not None and config is not None and worker > config + 0.05
    return "an older config than the file" if stale else None


JUDGES: dict[str, Callable[[Args, Facts], str | None]] = {
    "unit": _unit, "package": _package, "file": _file, "slot": _slot, "bears-name": _bears_name, "ufw-on": _ufw_on, "ufw-denies": _ufw_denies,
    "ufw-rule": _ufw_rule, "ufw-only-declared": _ufw_only_declared, "docker-guard": _docker_guard, "container": _container, "network": _network, "image": _image,
    "redis": _redis, "redis-password": _redis_password, "mongodb-password": _mongodb_password, "certificate": _certificate, "mounted": _mounted, "nginx-accepts": _nginx_accepts, "nginx-current": _nginx_current,
}  # fmt: skip
