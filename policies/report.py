"""Findings as text, JSON and SARIF 2.1.0 (what GitHub shows beside the diff)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mech_infra.guard import judging
from mech_infra.guard.program import Refused
from policies.model import Finding, Rule, Stack
from policies.rules import RULES

# Judged by the program itself, which knows what the stack has; no rule of the pack can.
_GUARD = Rule(
    "data-guard",
    "data",
    title="No plan loses data",
    symptom="databases that start empty, or an address that is another's",
    fix="one of the ways that the sentence names",
    severity="critical",
)
_SARIF_LEVEL = {"mandatory": "error", "advisory": "warning"}


@dataclass(frozen=True)
class Verdict:
    """One rule's findings on one stack; `unjudged` names what was not known."""

    stack: str
    rule: Rule
    findings: Sequence[Finding]
    unjudged: Sequence[str]


def judge(name: str, stack: Stack) -> list[Verdict]:
    """Every rule that found something or could not judge."""
    verdicts = [Verdict(name, rule, *rule.judge(stack)) for rule in RULES]
    return [verdict for verdict in verdicts if verdict.findings or verdict.unjudged]


def losses(name: str, refused: Refused) -> Verdict:
    """What the program's own guard refuses (mech_infra.guard), told as a rule's findings are."""
    return Verdict(name, _GUARD, [Finding(judging.sentence(finding)) for finding in refused.findings], ())


def refused(verdicts: Sequence[Verdict]) -> bool:
    return any(verdict.findings and verdict.rule.level == "mandatory" for verdict in verdicts)


def as_text(verdicts: Sequence[Verdict], stacks: Sequence[str]) -> str:
    lines = []
    for name in stacks:
        own = [verdict for verdict in verdicts if verdict.stack == name]
        bad = sum(len(v.findings) for v in own if v.rule.level == "mandatory")
        advice = sum(len(v.findings) for v in own if v.rule.level == "advisory")
        lines.append(f"stack {name}: {len(RULES)} rules, {bad} violation(s), {advice} piece(s) of advice")
        for verdict in own:
            mark = "REFUSED" if verdict.rule.level == "mandatory" else "advice "
            for finding in verdict.findings:
                lines += [f"  {mark} {verdict.rule.id}: {finding.text}", f"          you would see: {verdict.rule.symptom}",
                          f"          fix: {verdict.rule.fix}"]  # fmt: skip
            for what in verdict.unjudged:
                lines.append(f"  unknown {verdict.rule.id}: cannot be judged yet, {what} is not known")
    return "\n".join(lines) + "\n"


def as_json(verdicts: Sequence[Verdict], stacks: Sequence[str]) -> str:
    found = [
        {
            "stack": verdict.stack, "rule": verdict.rule.id, "level": verdict.rule.level, "severity": verdict.rule.severity,
            "resource": finding.resource.name if finding.resource else None, "text": finding.text,
            "symptom": verdict.rule.symptom, "fix": verdict.rule.fix,
        }
        for verdict in verdicts for finding in verdict.findings
    ]  # fmt: skip
    unknown = [{"stack": v.stack, "rule": v.rule.id, "unknown": list(v.unjudged)} for v in verdicts if v.unjudged]
    return json.dumps({"stacks": list(stacks), "findings": found, "unjudged": unknown}, indent=2) + "\n"


def as_sarif(verdicts: Sequence[Verdict], stacks: Sequence[str]) -> str:
    rules: list[dict[str, Any]] = [
        {
            "id": rule.id, "name": rule.title, "shortDescription": {"text": rule.title},
            "fullDescription": {"text": f"You would see: {rule.symptom}"}, "help": {"text": f"{rule.fix}."},
            "defaultConfiguration": {"level": _SARIF_LEVEL[rule.level]},
        }
        for rule in RULES
    ]  # fmt: skip
    results = [
        {
            "ruleId": verdict.rule.id, "level": _SARIF_LEVEL[verdict.rule.level],
            "message": {"text": f"{finding.text}. Fix: {verdict.rule.fix}"},
            # The stack's file is where the key is that puts it right.
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": f"Pulumi.{verdict.stack}.yaml"}, "region": {"startLine": 1}}}],
        }
        for verdict in verdicts for finding in verdict.findings
    ]  # fmt: skip
    driver = {"name": "mech-policies", "version": "1.0.0", "rules": rules}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return (
        json.dumps(
            {"$schema": schema, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]},
            indent=2,
        )
        + "\n"
    )
