"""Whom to call, by the guide's rules ("When to Escalate"), from what the diagnosis found; and the text to send them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mech_ops.diagnosis import report
from mech_ops.diagnosis.ranking import Diagnosis, Named

MANY = 3  # services; the guide escalates when more than these are down at once
ROLES = {
    "administrator": "Platform administrator",
    "developers": "Development team",
    "provider": "Cloud provider",
}
"""By its key in mech:incident.contacts; in the guide's order ("Emergency Contacts")."""

# Somebody was in, or stands between.
BREACH = frozenset({"SSH_KEY_FOREIGN", "SSH_HOST_KEY", "REDIS_REPLICA"})
# Every host of the internet sees the like each day: told, and for a person to judge.
SUSPICIOUS = frozenset(
    {"CLIENT_PROBES", "CONTAINER_UNDECLARED", "RULES_FOREIGN", "RULESET_FOREIGN", "UFW_RULE_UNKNOWN"}
)
# The host is silent, and it is not that it only refuses us.
UNRESPONSIVE = frozenset({"SSH_TIMED_OUT", "SSH_REFUSED", "SSH_UNREACHABLE", "HOST_UNREAD"})
_INFRASTRUCTURE = frozenset({"ssh", "vultr", "machine", "forwarding", "docker", "swarm"})  # layers
_PROVIDERS = frozenset({"vultr", "edge"})
_APPLICATION = frozenset({"container", "service", "vendor"})


@dataclass(frozen=True)
class Reason:
    """A rule of the guide that applies, and what of the diagnosis makes it so."""

    rule: str
    why: tuple[str, ...]


@dataclass(frozen=True)
class Escalation:
    """`call` are keys of ROLES, the first one first; empty where no rule applies."""

    reasons: tuple[Reason, ...]
    call: tuple[str, ...]
    suspicious: tuple[str, ...]


def judge(found: Diagnosis) -> Escalation:
    rules = {
        "Data loss": _told(found, lambda named: "data" in (named.severity, named.cause.floor)),
        "Security breach": _told(found, lambda named: named.code in BREACH),
        "Multiple service failures": _many(found),
        "Infrastructure failure": _infrastructure(found),
    }
    reasons = tuple(Reason(rule, why) for rule, why in rules.items() if why)
    return Escalation(
        reasons, _call(found, {one.rule for one in reasons}), _told(found, lambda named: named.code in SUSPICIOUS)
    )


def text(
    found: Diagnosis, escalation: Escalation, contacts: Mapping[str, str], attached: str, missing: list[str]
) -> str:
    """A mail or a message, ready to send; plain text."""
    look, headline = found.look, report.headline(found)
    lines = [f"Subject: [Mech {look.declared['stack']}] {headline}", ""]
    if escalation.call:
        lines += [
            f"To: {ROLES[role]}{f' ({contacts[role]})' if contacts.get(role) else ''}" for role in escalation.call
        ]
    else:
        lines.append("No rule of the guide asks for an escalation; this is for whoever is asked for help all the same.")
    lines += [
        "",
        headline,
        "",
        f"Seen:   {look.bundle.taken} (UTC)",
        f"Host:   {look.declared['address'] or 'unknown'}",
    ]
    if found.failing:
        lines.append(f"Fails:  {', '.join(f'{name} ({state})' for name, state in sorted(found.failing.items()))}")
    if escalation.reasons:
        lines += ["", "Why this is escalated:"]
        lines += [f"- {one.rule}: {why}" for one in escalation.reasons for why in one.why]
    lines += ["", "Causes that were found, the likeliest first:" if found.named else "No cause was found."]
    for number, named in enumerate(found.named, 1):
        lines += [
            f"{number}. {named.code} ({named.severity}): {named.sentence}",
            f"   visitors see: {named.cause.visitor}",
        ]
        lines += [f"   fix: {named.fix}"] + [f"   follows from: {', '.join(named.after)}"] * bool(named.after)
    for title, sentences in (("Suspicious, for a person to judge:", escalation.suspicious), ("Missing here:", missing)):
        if sentences:
            lines += ["", title, *(f"- {sentence}" for sentence in sentences)]
    return "\n".join([*lines, "", f"Attached: {attached} (begin with index.html; secrets are taken out)", ""])


def _told(found: Diagnosis, which: Callable[[Named], bool]) -> tuple[str, ...]:
    return tuple(f"{named.sentence} ({named.code})" for named in found.named if which(named))


def _many(found: Diagnosis) -> tuple[str, ...]:
    """Down is also who answers, but with an error: a visitor gets nothing of it."""
    views = found.look.views
    down = sorted(name for name, state in found.failing.items() if state == "down" or views[name].edge.code >= 500)
    return (f"{len(down)} services are down: {', '.join(down)}",) if len(down) > MANY else ()


def _infrastructure(found: Diagnosis) -> tuple[str, ...]:
    silent = found.look.bundle.silent.get("host", "")
    unanswered = silent and (found.failing or any(named.code in UNRESPONSIVE for named in found.named))
    said = (f"the host does not answer: {silent}",) if unanswered else ()
    return said + _told(found, _of_the_system)


def _of_the_system(named: Named) -> bool:
    return named.severity == "outage" and named.cause.layer in _INFRASTRUCTURE


def _call(found: Diagnosis, rules: set[str]) -> tuple[str, ...]:
    """The administrator always; who else, by where the causes lie that nothing else explains."""
    if not rules:
        return ()
    layers = {named.cause.layer for named in found.named if not named.after and named.severity != "notice"}
    called = {"administrator"}
    if "Data loss" in rules or layers & _APPLICATION:
        called.add("developers")
    if layers & _PROVIDERS or any("does not answer" in why for why in _infrastructure(found)):
        called.add("provider")
    return tuple(role for role in ROLES if role in called)
