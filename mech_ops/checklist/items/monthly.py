"""Every month: updates, documentation, a try of the worst case, capacity."""

from __future__ import annotations

from mech_ops.checklist import capacity, trend
from mech_ops.checklist.model import Checked, Notes, Seen, item

_LISTS_S = 7 * 86400
_MOST, _MONTH_DAYS = 80, 31  # percent; what is full before the next review cannot wait for it


@item(
    "updates", which="monthly", title="Security updates are applied",
    do="apt-get update && apt-get -y --with-new-pkgs upgrade; reboot in a quiet hour where one is required",
)  # fmt: skip
def updates(seen: Seen) -> Checked:
    look, notes = seen.look, Notes()
    if about := notes.fact(look, "host.updates"):
        security, lists_s = about["security"], about["lists_s"]
        notes.evidence += [f"{name}: {old or 'not installed'} → {new}" for name, old, new in security]
        if security:
            notes.wrong.append(f"{len(security)} security updates are not applied")
        if lists_s is None:
            notes.unread.append("the host has no package lists (apt-get update)")
        elif lists_s > _LISTS_S:
            notes.wrong.append(f"apt's lists are {lists_s / 86400:.0f} days old: what came since is not known")
        notes.evidence.append(f"{about['others']} other updates")
    machine = notes.fact(look, "host.machine")
    if machine and machine["reboot_required"]:
        notes.wrong.append("the host waits for a reboot: what was updated does not run yet")
    return notes.checked("no security update is open, and no reboot is required")


@item(
    "documentation", which="monthly", title="Documentation is up to date", do="bring it up to date: docs/, contacts, runbooks",
    asks="Do the documents, contacts and runbooks say what is so?",
)  # fmt: skip
def documentation(seen: Seen) -> Checked:
    return Checked("ask", "whether the documents say what is so, only a person knows")


@item(
    "recovery", which="monthly", title="Recovery from a disaster was tried",
    do="bring the stack up from nothing in a sandbox (make up) and restore a backup into it",
    asks="Was the platform brought up from nothing, with its data from a backup, in the last months?",
)  # fmt: skip
def recovery(seen: Seen) -> Checked:
    return Checked("ask", "nothing on the host tells whether somebody tried it: only a person knows")


@item(
    "capacity", which="monthly", title="Capacity for the next month",
    do="a larger mech:host.plan, volume or mech:datastores.redis.memoryMb, or less that is kept",
)  # fmt: skip
def review(seen: Seen) -> Checked:
    found, unread = capacity.measures(seen.look)
    found = [one for one in found if one.key != "load"]
    notes, taken = Notes(unread=unread), seen.look.bundle.taken
    soonest = trend.FAR_DAYS
    for one in found:
        days = trend.days_left(one.key, one.used, one.limit, taken, seen.past)
        said = f"{one.said}, {trend.said(days)}"
        notes.evidence.append(said)
        if one.percent >= _MOST or (days is not None and days < _MONTH_DAYS):
            notes.wrong.append(said)
        soonest = min(soonest, trend.FAR_DAYS if days is None else days)
    promised = sum(about["memory"] for about in seen.look.declared["containers"].values())
    total = (notes.fact(seen.look, "host.machine") or {"memory": {"total": 0}})["memory"]["total"]
    if promised and total:
        one = capacity.Measure("memory that containers may take", promised, total)
        notes.evidence.append(one.said)
        if promised > total:
            notes.wrong.append(one.said)
    first = f"; the first is {trend.said(soonest)}" if soonest < trend.FAR_DAYS else ""
    return notes.checked(f"the fullest is {found[0].said}{first}" if found else "")
