"""Every week: certificates, log rotation, backups, performance."""

from __future__ import annotations

import datetime as dt
import statistics

from mech_infra.facts.host import backups
from mech_ops.checklist.model import Checked, Notes, Seen, item
from mech_ops.diagnosis.look import Look, Missing

_DAYS = 14  # two looks of this list are left to act
_ROTATED_S = 2 * 86400
_SLOW_MS = {"edge": 2000, "nginx": 1000, "container": 1000}
_SHARE, _FEW = 0.01, 5  # of a service's answers in a day


@item(
    "certificates", which="weekly", title="Certificates are valid for long enough",
    do="pulumi up renews the origin's; the edge's: Cloudflare's dashboard, SSL/TLS, Edge Certificates",
)  # fmt: skip
def certificates(seen: Seen) -> Checked:
    look, notes = seen.look, Notes()
    least: list[float] = []
    origin = notes.fact(look, "host.certificate")
    if origin:
        end = dt.datetime.strptime(origin["end"], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=dt.UTC)
        least.append(_days(notes, look, f"origin, for {', '.join(origin['names'])}", end))
    elif origin is not None:
        notes.evidence.append("origin: no certificate that can be read")  # whether one is declared, the causes know
    notes.causes(seen.found, {"CERTIFICATE_BAD", "CERTIFICATE_EXPIRING", "CERTIFICATE_RENEWAL_OFF"})
    for host, about in (notes.fact(look, "tls.certificates") or {}).items():
        if "end" in about:
            least.append(_days(notes, look, f"edge, {host}", dt.datetime.fromisoformat(about["end"])))
        else:
            (notes.unread if about.get("silent") else notes.wrong).append(f"edge, {host}: {about['error']}")
    return notes.checked(f"{len(least)} looked at, at least {min(least):.0f} days left" if least else "none is there")


def _days(notes: Notes, look: Look, whose: str, end: dt.datetime) -> float:
    left = (end - dt.datetime.fromisoformat(look.bundle.taken)).total_seconds() / 86400
    said = f"{whose}: expired on {end:%Y-%m-%d}" if left < 0 else f"{whose}: {left:.0f} days left, until {end:%Y-%m-%d}"
    notes.evidence.append(said)
    if left < _DAYS:
        notes.wrong.append(said)
    return left


@item(
    "rotation", which="weekly", title="Log rotation works",
    do="pulumi up; systemctl enable --now logrotate.timer; logrotate /etc/logrotate.conf",
)  # fmt: skip
def rotation(seen: Seen) -> Checked:
    look, notes = seen.look, Notes()
    notes.causes(seen.found, {"LOGROTATE_MISSING", "LOG_LARGE"})
    containers = notes.fact(look, "host.inspected") or {}
    for name, about in containers.items():
        options = about["log"]["options"]
        if about["log"]["driver"] in ("json-file", "local") and not options.get("max-size"):
            notes.wrong.append(f"the log of the container {name} has no limit")
    about, machine = notes.fact(look, "host.rotation"), notes.fact(look, "host.machine")
    if about and about["timer"] != "active":
        notes.wrong.append(f"logrotate.timer is {about['timer'] or 'not there'}")
    ran_s = about["ran_s"] if about else None
    if ran_s is not None:
        notes.evidence.append(f"logrotate ran {ran_s / 3600:.0f} h ago")
    if about and machine and min(ran_s or machine["uptime_s"], machine["uptime_s"]) > _ROTATED_S:
        notes.wrong.append("logrotate has not run for two days" if ran_s else "logrotate has never run")
    notes.evidence.append(f"{len(containers)} containers looked at; log files over 110 MB: {_large(look)}")
    last = "not due yet" if ran_s is None else f"last {ran_s / 3600:.0f} h ago"
    return notes.checked(f"logrotate runs ({last}), {len(containers)} containers' logs are limited")


def _large(look: Look) -> str:
    found = (look.bundle.facts.get("host") or {}).get("logs")
    return "not known" if found is None else str(len(found))


@item(
    "backup", which="weekly", title="Backups can be restored",
    do="take one (Vultr: Snapshots; mongodump, Redis' dump.rdb), keep it elsewhere, and restore it once on another host",
    asks="Is there a backup of MongoDB and Redis from the last week, and was one restored to try it?",
)  # fmt: skip
def backup(seen: Seen) -> Checked:
    try:
        about = seen.look.fact("host.backups")
    except Missing:
        about = {"since": None}
    if about["since"] is None:
        return Checked(
            "ask", "no backup is declared with this stack, so nothing can be checked here: only a person knows"
        )
    notes = Notes()
    notes.causes(seen.found, ("BACKUP_FAILED", "BACKUP_LATE", "BACKUP_UNPROVED", "BACKUP_OFF"))
    ages = {what: backups.age_h(about, what) or 0 for what in ("good", "proved") if about[what]}
    notes.evidence += [
        f"last {'good snapshot' if what == 'good' else 'proof'}: {hours:.0f} h ago" for what, hours in ages.items()
    ]
    if "proved" not in ages and not notes.wrong:
        return Checked(
            "wrong", "backups are declared, and not one was proved yet", (*notes.evidence,), "mech backup prove"
        )
    return notes.checked(f"the last one that was proved by restoring it is of {ages.get('proved', 0):.0f} h ago")


@item(
    "performance", which="weekly", title="Performance is as it should be", do="mech diagnose; docker stats --no-stream"
)
def performance(seen: Seen) -> Checked:
    look, notes = seen.look, Notes()
    medians = []
    for at, most in _SLOW_MS.items():
        took = {view.name: getattr(view, at).ms for view in look.views.values() if getattr(view, at).code}
        if not took:
            source = "edge" if at == "edge" else "host"
            notes.unread.append(look.silent(source) or f"no service answered at the {at}")
            continue
        slowest = max(took, key=lambda name: took[name])
        medians.append(f"{at} {statistics.median(took.values()):.0f} ms")
        said = f"health at the {at}: median {statistics.median(took.values()):.0f} ms, slowest {slowest} {took[slowest]} ms"
        notes.evidence.append(said)
        if took[slowest] > most:
            notes.wrong.append(f"{slowest} takes {took[slowest]} ms at the {at}, more than {most}")
    codes = (notes.fact(look, "host.web_day") or {}).get("codes") or {}
    shares = {name: (_failed(of), sum(of.values())) for name, of in codes.items() if of}
    for name, (failed, all_) in sorted(shares.items(), key=lambda one: -one[1][0] / one[1][1]):
        said = f"{name}: {100 * failed / all_:.2f} % of the last {all_} answers are 5xx ({failed})"
        notes.evidence.append(said)
        if failed >= _FEW and failed > _SHARE * all_:
            notes.wrong.append(said)
    total = sum(all_ for _, all_ in shares.values())
    return notes.checked(
        f"health: {', '.join(medians)}; {sum(f for f, _ in shares.values())} of the last {total} answers were 5xx"
    )


def _failed(codes: dict[str, int]) -> int:
    return sum(count for code, count in codes.items() if code.startswith("5"))
