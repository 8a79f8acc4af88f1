"""Writes docs/policies.md from the rules. `python -m policies.docs --check` fails when it is stale."""

from __future__ import annotations

import sys
from pathlib import Path

from policies import cis
from policies.examples import examples, shown
from policies.model import Rule
from policies.rules import HARDENING, RULES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "policies.md"


def render() -> str:
    lines = [
        "# Policies", "",
        "<!-- Generated from policies/ by `python -m policies.docs`; edits here are lost. -->", "",
        f"{len(RULES)} rules, judged at every `pulumi preview --policy-pack policies`. A *mandatory* rule refuses, an",
        "*advisory* one warns. Another level for a stack: `--policy-pack-config FILE` with `{\"RULE\": \"advisory\"}`",
        "(or `mandatory`, `disabled`, and `remediate` where the table says *can fix*). An *optional* one is judged where such a",
        "file names a level for it, or by `mech policy check --hardening`.", "",
        "What a team accepts for a time stands in `policies/exceptions.yaml`: rule, resource, because, by, until. It is shown in",
        "every report; one that has ended, or accepts nothing any more, is refused itself. `mech policy baseline` prints entries for",
        "all that a program has when its team takes these policies; `mech policy check --fail-on SEVERITY` refuses by severity.", "",
    ]  # fmt: skip
    family = ""
    for rule in (*RULES, *HARDENING):
        if rule.family != family:
            family = rule.family
            lines += [f"## {family.capitalize()}", ""]
        lines += entry(rule)
    lines += [
        "## Coverage of the CIS Docker Benchmark", "",
        "Section 5 of version 1.6.0, containers as the program and its commands make them:", "",
        *cis.table([*RULES, *HARDENING]), "",
    ]  # fmt: skip
    return "\n".join(lines)


def entry(rule: Rule) -> list[str]:
    """What the page says of one rule, by lines."""
    fixes = ", can fix" if rule.remedy else ""
    fixes += ", `mech policy fix` sets it" if rule.sets else ""
    example = examples(rule.family).get(rule.id)
    programs = (
        ["Refused:", "", shown(example.refuses), "", "Let through:", "", shown(example.passes), ""] if example else []
    )
    return [
        f"### {rule.id}", "", f"**{rule.title}** ({rule.severity}, {rule.level}{fixes})", "",
        f"- You would see: {rule.symptom}", f"- Fix: {rule.fix}",
        *([f"- CIS Docker Benchmark 1.6.0: {', '.join(rule.cis)}"] if rule.cis else []), "",
        *programs,
    ]  # fmt: skip


def main(arguments: list[str]) -> int:
    text = render()
    if "--check" in arguments:
        if not PAGE.exists() or PAGE.read_text() != text:
            print(f"{PAGE} is stale: run `python -m policies.docs`", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
