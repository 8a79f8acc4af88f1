"""What rules of the edge do to visitors: rulesets by phase, and page rules."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.model import UNKNOWN, Resource, Stack
from policies.reading.edge.expression import holds

RULESET, PAGE_RULE = "cloudflare:index/ruleset:Ruleset", "cloudflare:index/pageRule:PageRule"


@dataclass(frozen=True)
class Acting:
    """One rule: `phase` ("page" for page rules), `action`, what it acts with, and its order among its like."""

    resource: Resource
    phase: str
    action: str
    about: Mapping[str, Any]
    expression: str  # a page rule's target

    def of(self, host: str) -> bool | None:
        """Whether it acts on every request for a host; None where it hangs on who asks for what."""
        if self.phase != "page":
            return holds(self.expression, host)
        target = re.sub(r"^(\*|https?)://", "", self.expression.lower())
        return (fnmatch.fnmatchcase(f"{host}/", target) and target.endswith("*")) or None

    def get(self, *path: str) -> Any:
        """A parameter, spelt as the SDK or as Cloudflare does; None where it is absent or not known."""
        value: Any = self.about
        for step in path:
            spelt = re.sub(r"_([a-z])", lambda letter: letter[1].upper(), step)
            value = value.get(spelt, value.get(step)) if isinstance(value, Mapping) else None
        return None if value is UNKNOWN else value


def acting(stack: Stack, *phases: str) -> list[Acting]:
    """The rules of these phases that are on, in order; those that are not known are left out."""
    kept: list[Acting] | None = stack.memo.get("acting")
    if kept is None:
        kept = stack.memo["acting"] = [*_rulesets(stack), *_page_rules(stack)]
    return [one for one in kept if one.phase in phases]


def _rulesets(stack: Stack) -> Iterator[Acting]:
    for resource in stack.of(RULESET):
        phase, rules = resource.props.get("phase"), resource.props.get("rules")
        for rule in rules if isinstance(rules, list | tuple) else ():
            if isinstance(rule, Mapping) and rule.get("enabled") is not False and isinstance(phase, str):
                action, expression = rule.get("action"), rule.get("expression")
                about = rule.get("actionParameters", rule.get("action_parameters"))
                if isinstance(action, str) and isinstance(expression, str):
                    yield Acting(resource, phase, action, about if isinstance(about, Mapping) else {}, expression)


def _page_rules(stack: Stack) -> Iterator[Acting]:
    for resource in stack.of(PAGE_RULE):
        target, actions = resource.props.get("target"), resource.props.get("actions")
        if isinstance(target, str) and isinstance(actions, Mapping) and resource.props.get("status") != "disabled":
            yield Acting(resource, "page", "page", actions, target)
