"""Every day: services, logs, resources, security."""

from __future__ import annotations

import re
from typing import Any

from mech_ops.checklist import capacity
from mech_ops.checklist.model import Checked, Notes, Seen, item
from mech_ops.diagnosis.look import Answer

# Causes that may be somebody's doing who should not, or that let somebody in.
SECURITY = frozenset({
    "CERTIFICATE_BAD", "CLIENT_LIMITED", "CLIENT_PROBES", "CONTAINER_FOREIGN", "CONTAINER_UNDECLARED", "DOCKER_BYPASSES_UFW",
    "ENV_FILE_EDITED", "FILE_EDITED", "IMAGE_FOREIGN", "MONGODB_FOREIGN", "MONGODB_PASSWORD", "NGINX_CONFIG_EDITED",
    "NGINX_SITE_FOREIGN", "RECORD_NOT_PROXIED", "RECORD_SHADOWED", "RECORD_WRONG_ADDRESS", "REDIS_FOREIGN",
    "REDIS_PASSWORD", "REDIS_REPLICA", "RULESET_FOREIGN", "RULES_FOREIGN", "SSH_HOST_KEY", "SSH_KEY_FOREIGN", "SSL_MODE",
    "UFW_ALLOWS_ALL", "UFW_BEFORE_RULES", "UFW_IPV6_OPEN", "UFW_OFF", "UFW_RULE_UNKNOWN", "UNDER_ATTACK_MODE",
    "VULTR_GROUP_LOST", "VULTR_GROUP_OPEN",
})  # fmt: skip
# The last is MongoDB's way to say fatal.
_CRITICAL = re.compile(r'\b(?:fatal|panic|critical|uncaught|unhandled|out of memory|traceback)\b|"s":"F"', re.I)
_ERROR = re.compile(r"\berror\b", re.I)
_NGINX_CRITICAL = re.compile(r"\[(?:crit|alert|emerg)\]")


@item("services", which="daily", title="All services answer their health checks", do="mech diagnose")
def services(seen: Seen) -> Checked:
    notes, views = Notes(), list(seen.look.views.values())
    for view in sorted(views, key=lambda one: (not one.failing, -one.edge.ms)):
        if view.failing:
            bad = next(one for one in (view.edge, view.nginx, view.container) if one.state != "unknown")
            notes.wrong.append(f"{view.name} is {view.state}: {bad.code or 'no answer'} {bad.says}".strip())
        elif view.edge.state == "unknown":
            notes.unread.append(seen.look.silent("edge") or f"{view.name} was not asked through the edge")
        where = (("edge", view.edge), ("nginx", view.nginx), ("container", view.container))
        notes.evidence.append(f"{view.name}: {', '.join(_at(name, answer) for name, answer in where)}")
    if not views:
        notes.unread.append("the stack has no service")
    return notes.checked(f"{len(views)} of {len(views)} answer")


def _at(name: str, answer: Answer) -> str:
    state = "not asked" if answer.state == "unknown" else answer.state
    code = f" {answer.code}" if answer.code else ""
    return f"{name} {state}{code}" + (f" in {answer.ms} ms" if answer.ms else "")


@item(
    "logs", which="daily", title="No critical errors in logs",
    do="docker logs --tail 50 NAME; journalctl -p crit --since -24h; tail -50 /var/log/nginx/error.log",
)  # fmt: skip
def logs(seen: Seen) -> Checked:
    """Errors that are not critical are counted, and no reason for alarm: visitors make some of them."""
    look, notes = seen.look, Notes()
    errors = 0
    for name, about in (notes.fact(look, "host.inspected") or {}).items():
        bad = [line for line in about["said"] if _CRITICAL.search(line)]
        errors += sum(bool(_ERROR.search(line)) for line in about["said"])
        _lines(notes, f"the log of {name}, of late", bad)
    web = notes.fact(look, "host.web_day") or {"errors": []}
    _lines(notes, "nginx' logs, of a day at most", [line for line in web["errors"] if _NGINX_CRITICAL.search(line)])
    _lines(notes, "the journal of a day", notes.fact(look, "host.critical") or [])
    machine: dict[str, Any] = notes.fact(look, "host.machine") or {"oom": [], "errors": []}
    # Cgroups count for ever; only the journal says that it was of late.
    _lines(notes, "the kernel, for want of memory", [line for line in machine["oom"] if line[:2] == "20"])
    for what, count, last in (
        ("containers, of late", errors, ""),
        ("nginx, in a day at most", len(web["errors"]), web["errors"][-1:]),
        ("the journal, in an hour", len(machine["errors"]), machine["errors"][-1:]),
    ):
        notes.evidence.append(
            f"{what}: {count} errors that are not critical" + (f"; the last: {last[0]}" if last else "")
        )
    return notes.checked("0 critical lines in the logs of containers, nginx and the journal")


def _lines(notes: Notes, where: str, lines: list[str]) -> None:
    if lines:
        notes.wrong.append(f"{len(lines)} critical {'line' if len(lines) == 1 else 'lines'} in {where}")
        notes.evidence.append(f"{where}: {len(lines)}; the last: {lines[-1]}")


@item(
    "resources", which="daily", title="System resources within limits", do="mech diagnose; docker stats --no-stream; df -h"
)  # fmt: skip
def resources(seen: Seen) -> Checked:
    found, unread = capacity.measures(seen.look)
    over = [one for one in found if one.percent >= one.most]
    notes = Notes([one.said for one in over], unread, [one.said for one in found])
    notes.causes(seen.found, {"VOLUME_READ_ONLY", "CONTAINER_OOM"})
    return notes.checked(f"the fullest is {found[0].said}" if found else "")


@item("security", which="daily", title="No security alerts", do="mech diagnose")
def security(seen: Seen) -> Checked:
    notes = Notes()
    notes.causes(seen.found, SECURITY)
    banned = (notes.fact(seen.look, "host.filters") or {}).get("banned") or {}
    if count := sum(map(len, banned.values())):
        notes.evidence.append(f"fail2ban: {count} addresses are banned")
    alerts = len(notes.evidence)
    return notes.checked(f"none of {len(SECURITY)} causes that are alerts" + (f"; {alerts} notices" if alerts else ""))
