"""The examples of docs/policies.md: each rule refuses the one and lets the other through."""

from __future__ import annotations

import pytest

from policies.examples import examples, stack
from policies.rules import BY_ID, RULES

FAMILIES = {"firewall"}  # those whose rules all have examples
EXAMPLES = {
    id: example for family in sorted({rule.family for rule in RULES}) for id, example in examples(family).items()
}


def test_each_rule_of_the_family_has_examples() -> None:
    assert {rule.id for rule in RULES if rule.family in FAMILIES} <= set(EXAMPLES) <= set(BY_ID)


@pytest.mark.parametrize("id", EXAMPLES)
def test_what_the_page_says_is_refused_is_refused_and_the_other_is_not(id: str) -> None:
    rule, example = BY_ID[id], EXAMPLES[id]
    assert rule.judge(stack(example.refuses))[0] != []
    assert rule.judge(stack(example.passes)) == ([], [])
