"""Findings as text, JSON and SARIF (policies.sarif)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mech_infra.guard import judging
from mech_infra.guard.program import Refused
from policies import exceptions, sarif
from policies.accepted import Accepted
from policies.exceptions import Exceptions
from policies.model import SEVERITIES, Finding, Rule, Severity, Stack
from policies.rules import HARDENING, RULES
from policies.where import place

# Judged by the program itself, which knows what the stack has; no rule of the pack can.
_GUARD = Rule(
    "data-guard",
    "data",
    title="No plan loses data",
    symptom="databases that start empty, or an address that is another's",
    fix="one of the ways that the sentence names",
    severity="critical",
)


@dataclass(frozen=True)
class Verdict:
    """One rule's findings on one stack; `unjudged` names what was not known, `accepted` what an exception lets through."""

    stack: str
    rule: Rule
    findings: Sequence[Finding]
    unjudged: Sequence[str] = ()
    accepted: Sequence[tuple[Finding, Accepted]] = ()


def judge(name: str, stack: Stack, known: Exceptions, rules: Sequence[Rule] = RULES) -> list[Verdict]:
    """Every rule that found something or could not judge."""
    verdicts = []
    for rule in rules:
        findings, unjudged = rule.judge(stack)
        sorted_ = known.sort(name, rule, findings)
        verdicts.append(Verdict(name, rule, sorted_.open, unjudged, sorted_.accepted))
    verdicts.append(Verdict(name, exceptions.ENDED, known.ended(name)))
    return [verdict for verdict in verdicts if verdict.findings or verdict.unjudged or verdict.accepted]


def idle(stacks: Sequence[str], known: Exceptions) -> list[Verdict]:
    """Exceptions that accepted nothing in any of the stacks; said once, of the first."""
    found = known.idle(stacks)
    return [Verdict(stacks[0], exceptions.IDLE, found)] if found else []


def losses(name: str, refused: Refused) -> Verdict:
    """What the program's own guard refuses (mech_infra.guard), told as a rule's findings are."""
    return Verdict(name, _GUARD, [Finding(judging.sentence(finding)) for finding in refused.findings])


def refused(verdicts: Sequence[Verdict], at_least: Severity | None = None) -> bool:
    """Whether it must not ship: by the rules' levels, or by their severity where one is named."""
    if at_least is None:
        return any(verdict.findings and verdict.rule.level == "mandatory" for verdict in verdicts)
    worst = SEVERITIES.index(at_least)
    return any(verdict.findings and SEVERITIES.index(verdict.rule.severity) <= worst for verdict in verdicts)


def as_text(verdicts: Sequence[Verdict], stacks: Sequence[str], root: Path) -> str:
    lines = []
    for name in stacks:
        own = [verdict for verdict in verdicts if verdict.stack == name]
        bad = sum(len(v.findings) for v in own if v.rule.level == "mandatory")
        advice = sum(len(v.findings) for v in own if v.rule.level != "mandatory")
        let = sum(len(v.accepted) for v in own)
        accepted = f", {let} accepted" if let else ""
        lines.append(f"stack {name}: {len(RULES)} rules, {bad} violation(s), {advice} piece(s) of advice{accepted}")
        for verdict in own:
            lines += _of(verdict, root)
    return "\n".join(lines) + "\n"


def _of(verdict: Verdict, root: Path) -> Iterable[str]:
    rule = verdict.rule
    mark = "REFUSED" if rule.level == "mandatory" else "advice "
    for finding in verdict.findings:
        where = place(verdict.stack, rule, finding, root)
        yield f"  {mark} {rule.id}: {finding.text}"
        yield f"          you would see: {rule.symptom}"
        yield f"          fix: {rule.fix}"
        yield f"          at {where.uri}:{where.line}"
    for what in verdict.unjudged:
        yield f"  unknown {rule.id}: cannot be judged yet, {what} is not known"
    for finding, entry in verdict.accepted:
        yield f"  accepted {rule.id}: {finding.text} (until {entry.until}, by {entry.by}: {entry.because})"


def as_json(verdicts: Sequence[Verdict], stacks: Sequence[str], root: Path) -> str:
    def row(verdict: Verdict, finding: Finding, entry: Accepted | None = None) -> dict[str, object]:
        where = place(verdict.stack, verdict.rule, finding, root)
        return {
            "stack": verdict.stack, "rule": verdict.rule.id, "level": verdict.rule.level, "severity": verdict.rule.severity,
            "resource": finding.resource.name if finding.resource else None, "text": finding.text,
            "symptom": verdict.rule.symptom, "fix": verdict.rule.fix, "file": where.uri, "line": where.line,
            **(entry.model_dump(mode="json", include={"because", "by", "until"}) if entry else {}),
        }  # fmt: skip

    found = [row(verdict, finding) for verdict in verdicts for finding in verdict.findings]
    let = [row(verdict, *pair) for verdict in verdicts for pair in verdict.accepted]
    unknown = [{"stack": v.stack, "rule": v.rule.id, "unknown": list(v.unjudged)} for v in verdicts if v.unjudged]
    return (
        json.dumps({"stacks": list(stacks), "findings": found, "accepted": let, "unjudged": unknown}, indent=2) + "\n"
    )


def as_sarif(verdicts: Sequence[Verdict], stacks: Sequence[str], root: Path) -> str:
    results = [sarif.result(v.stack, v.rule, finding, root) for v in verdicts for finding in v.findings]
    results += [
        sarif.result(v.stack, v.rule, finding, root, f"{entry.because} (by {entry.by}, until {entry.until})")
        for v in verdicts
        for finding, entry in v.accepted
    ]
    rules = [*RULES, *HARDENING, _GUARD, exceptions.ENDED, exceptions.IDLE]
    return json.dumps(sarif.document(results, rules), indent=2) + "\n"
