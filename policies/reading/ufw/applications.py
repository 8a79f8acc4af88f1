"""Rules of application profiles: one to the tool, several in its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from policies.reading.ufw.clauses import with_port
from policies.reading.ufw.names import split
from policies.reading.ufw.rule import NoProfile, Rule


def numbered(rules: list[Rule]) -> list[Rule]:
    """The rules as `ufw status numbered` counts them: the first of each profile."""
    seen: set[tuple[str, ...]] = set()
    shown = []
    for rule in rules:
        if not rule.application or rule.application not in seen:
            shown.append(rule)
        seen.add(rule.application)
    return shown


def expanded(rule: Rule, profiles: Mapping[str, str]) -> list[Rule]:
    """A rule for each port of its profiles. Raises Refused where there is no such profile."""
    targets = profiles.get(rule.dport, "").split("|") if rule.dport in profiles else []
    sources = profiles.get(rule.sport, "").split("|") if rule.sport in profiles else []
    found = []
    for target in targets or [""]:
        for source in sources if rule.dport != rule.sport or not targets else [target]:
            found.append(_of_profile(rule, target, source))
        if not sources:
            found.append(_of_profile(rule, target, ""))
    if not targets and not sources:
        raise NoProfile(rule.dapp or rule.sapp)
    return found


def _of_profile(rule: Rule, target: str, source: str) -> Rule:
    made = rule
    for end, text in (("dst", target), ("src", source)):
        if text:
            port, proto = split(text)
            made = replace(made, dapp="") if end == "dst" else replace(made, sapp="")
            kept = made.proto
            made = with_port(
                replace(made, proto=kept if proto == "any" and end == "src" and target else proto), port, end
            )
    return replace(made, dapp=rule.dapp, sapp=rule.sapp)
