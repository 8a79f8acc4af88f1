"""Facts into sentences, purely: what is there that is not ours, and what no `pulumi up` heals. Told, never touched."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from mech_infra.commands import nginx
from mech_infra.commands.containers import MANAGED

Facts = Mapping[str, Any]
Args = Mapping[str, Any]


def findings(watches: list[dict[str, Any]], facts: Facts) -> list[str]:
    """What each watch has to say. A kind of another version of the program says nothing."""
    return [text for args in watches if (watch := WATCHES.get(str(args.get("kind")))) for text in watch(args, facts)]


def _foreign_rules(args: Args, facts: Facts) -> list[str]:
    rules = (facts.get("ufw") or {}).get("rules", [])
    found = [
        f"not ours: UFW has the rule `{rule['tuple'][0]} {rule['tuple'][2]}/{rule['tuple'][1]}`, which is not declared (left as it is)"
        for rule in rules if rule["comment"] != "mech" and args.get("in_ufw", True)
    ]  # fmt: skip
    live = facts.get("chains") or []
    found += [
        f"not ours: iptables has the rule `{line}` outside UFW (left as it is)"
        for line in live
        if line.startswith("-A INPUT ") and not line.startswith("-A INPUT -j ufw-") and
        not re.search(args["closing"], line)
    ]  # fmt: skip
    return found


def _foreign_containers(args: Args, facts: Facts) -> list[str]:
    found = (facts.get("docker") or {}).get("containers", [])
    return [
        f"not ours: the container {c['name']} ({c['image']}, {c['state']}) is not declared (left as it is)"
        for c in found if MANAGED not in (c["labels"] or {})
    ]  # fmt: skip


def _foreign_networks(args: Args, facts: Facts) -> list[str]:
    found = (facts.get("docker") or {}).get("networks", [])
    return [
        f"not ours: the network {n['name']} is not declared (left as it is)"
        for n in found if MANAGED not in n["labels"] and n["name"] not in ("bridge", "host", "none")
    ]  # fmt: skip


def _docker_down(args: Args, facts: Facts) -> list[str]:
    if "docker" not in facts or facts["docker"] is not None:
        return []
    return [f"Docker on host {args['host']} does not answer: the preview of its containers fails. Next: mech recover"]


def _foreign_listeners(args: Args, facts: Facts) -> list[str]:
    found = {}
    for item in facts.get("listeners") or []:
        owner = args["ports"].get(str(item["port"]))
        if owner is not None and item["process"] not in (owner or "docker-proxy", ""):
            found[item["port"]] = item["process"]
    return [f"not ours: port {port} is held by {process} (left as it is)" for port, process in sorted(found.items())]


def _foreign_sites(args: Args, facts: Facts) -> list[str]:
    found = [
        path for path in facts.get("files") or {}
        if path.startswith("/etc/nginx/") and path != nginx.CONFIG and not path.startswith(f"{nginx.FLAGS}/")
    ]  # fmt: skip
    edited = sorted((facts.get("nginx") or {}).get("edited", []))
    return [
        *(f"not ours: {path} is not declared, and nginx reads it (left as it is)" for path in sorted(found)),
        *(f"not ours: {path} is not as its package brought it (left as it is)" for path in edited),
    ]


def _foreign_keys(args: Args, facts: Facts) -> list[str]:
    return [
        f"not ours: the key {entry['comment'] or '…' + entry['key'][-16:]} may log in as root (left as it is)"
        for entry in facts.get("keys") or [] if entry["key"] != args["ours"]
    ]  # fmt: skip


def _ill_containers(args: Args, facts: Facts) -> list[str]:
    found = (facts.get("docker") or {}).get("containers", [])
    return [
        f"not well: the container {c['name']} is {'unhealthy' if 'unhealthy' in c['status'] else c['state']}: "
        f"docker logs --tail 50 {c['name']}"
        for c in found
        if MANAGED in (c["labels"] or {}) and ("(unhealthy)" in c["status"] or c["state"] == "restarting")
    ]


def _short_of_space(args: Args, facts: Facts) -> list[str]:
    found: dict[int, str] = {}
    for fs in facts.get("space") or []:
        path = fs["path"]
        full = (fs["used"], fs["free"], f"full, {size(fs['free'])} free: du -xh -d3 {path} | sort -h | tail")
        many = (fs["inodes_used"], fs["inodes_free"], f"out of inodes: du -x --inodes -d3 {path} | sort -n | tail")
        for used, free, text in (full, many):
            percent = math.ceil(100 * used / (used + free)) if used + free else 0
            if percent >= args["percent"]:
                # One filesystem can be at two of the paths, and wants one sentence.
                found.setdefault(fs["device"], f"not well: {path} is {percent} % {text}")
    return list(found.values())


def _large_logs(args: Args, facts: Facts) -> list[str]:
    names = {c["id"]: c["name"] for c in (facts.get("docker") or {}).get("containers", [])}
    found = []
    for log in facts.get("logs") or []:
        container = re.match(r"/var/lib/docker/containers/(\w+)/", log["path"])
        if container:
            whose = names.get(container.group(1), container.group(1)[:12])
            found.append(f"not well: the log of the container {whose} takes {size(log['bytes'])}: its rotation is not as declared, or not yet applied")  # fmt: skip
        else:
            found.append(f"not well: {log['path']} takes {size(log['bytes'])}: logrotate /etc/logrotate.conf")
    return found


def size(number: int) -> str:
    """Bytes as a person reads them, in powers of ten."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number // 1000} kB"


def _shadowing_records(args: Args, facts: Facts) -> list[str]:
    address, records = args.get("address"), facts.get("records") or []
    # Ours with another address is drift of ours, and Cloudflare's provider says it.
    intact = {r["name"] for r in records if r["type"] == "A" and r["content"] == address}
    return [
        f"not ours: the record {r['type']} {r['name']} → {r['content']} stands beside ours, and visitors get either "
        "(left as it is)"
        for r in records
        if r["name"] in args["names"] and (
            r["type"] in ("AAAA", "CNAME", "NS") or
            (r["type"] == "A" and r["content"] != address and r["name"] in intact)
        )
    ]  # fmt: skip


def _foreign_rulesets(args: Args, facts: Facts) -> list[str]:
    return [
        f"not ours: the ruleset \"{r['name']}\" ({r['phase']}) acts on our visitors (left as it is)"
        for r in facts.get("rulesets") or [] if r.get("kind") == "zone" and r.get("name") != args["ours"]
    ]  # fmt: skip


def _foreign_group_rules(args: Args, facts: Facts) -> list[str]:
    return [
        f"not ours: Vultr's firewall group accepts {r['protocol']} {r.get('port') or 'any'} from "
        f"{r['subnet']}/{r['subnet_size']} (left as it is)"
        for r in facts.get("rules") or [] if r["protocol"] != "tcp" or str(r.get("port")) not in args["ports"]
    ]  # fmt: skip


WATCHES: dict[str, Callable[[Args, Facts], list[str]]] = {
    "foreign-rules": _foreign_rules, "foreign-containers": _foreign_containers,
    "foreign-networks": _foreign_networks,
    "ill-containers": _ill_containers, "short-of-space": _short_of_space, "large-logs": _large_logs,
    "foreign-listeners": _foreign_listeners, "foreign-sites": _foreign_sites,
    "docker-down": _docker_down, "foreign-keys": _foreign_keys,
    "shadowing-records": _shadowing_records, "foreign-rulesets": _foreign_rulesets,
    "foreign-group-rules": _foreign_group_rules,
}  # fmt: skip
