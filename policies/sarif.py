"""Findings as SARIF 2.1.0: what GitHub shows beside the diff, on the line where it is put right."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from policies.model import Finding, Rule
from policies.where import place

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_PAGE = "https://github.com/mech-is/mech-infra/blob/main/docs/policies.md"
LEVEL = {"mandatory": "error", "advisory": "warning", "optional": "note"}
# GitHub's bands: critical above 9.0, high from 7.0, medium from 4.0.
_SECURITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}


def document(results: Sequence[dict[str, Any]], rules: Sequence[Rule]) -> dict[str, Any]:
    """A whole log of one run."""
    driver = {"name": "mech-policies", "version": "1.0.0", "informationUri": _PAGE, "rules": [_rule(r) for r in rules]}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results)}]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id, "name": rule.title, "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"You would see: {rule.symptom}"}, "help": {"text": f"{rule.fix}."},
        "helpUri": f"{_PAGE}#{rule.id}", "defaultConfiguration": {"level": LEVEL[rule.level]},
        "properties": {"tags": ["security", rule.family], "security-severity": _SECURITY[rule.severity]},
    }  # fmt: skip


def result(stack: str, rule: Rule, finding: Finding, root: Path, because: str = "") -> dict[str, Any]:
    """One finding; `because` is why it is accepted, where it is."""
    where = place(stack, rule, finding, root)
    resource = finding.resource.name if finding.resource else "stack"
    # The same finding keeps its print while lines move.
    print_ = hashlib.sha256("\0".join((stack, rule.id, resource, finding.text)).encode()).hexdigest()[:32]
    found: dict[str, Any] = {
        "ruleId": rule.id, "level": LEVEL[rule.level],
        "message": {"text": f"{finding.text}. You would see: {rule.symptom}. Fix: {rule.fix}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": where.uri}, "region": {"startLine": where.line}},
                "logicalLocations": [{"name": resource, "fullyQualifiedName": f"{stack}/{resource}", "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"mechFinding/v1": print_},
    }  # fmt: skip
    if because:
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": because}]
    return found
