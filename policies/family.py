"""How rules are written: the words that describe a rule stand over the function that judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.model import CONTAINER, Finding, Level, Resource, Rule, Severity, Stack
from policies.reading.containers import Container, containers

JudgeStack = Callable[[Stack], Iterable[Finding]]
JudgeOne = Callable[[Resource], Iterable[str]]
JudgeContainer = Callable[[Container], Iterable[str]]
Remedy = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Family:
    """The rules of one subject, in the order of its file; `name` is their heading in docs/policies.md.

        rule = Family("firewall")

        @rule("firewall-no-ssh", title="SSH is open", symptom="…", fix="…", severity="high")
        def no_ssh(stack: Stack) -> Iterator[Finding]: ...

    The id stands whole where the rule is: it is what suppressions, tests and people search for.
    """

    name: str
    _rules: list[Rule] = field(default_factory=list)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def __call__(
        self,
        id: str,
        *,
        title: str,
        symptom: str,
        fix: str,
        severity: Severity,
        level: Level = "mandatory",
        cis: Sequence[str] = (),
        sets: Mapping[str, Any] | None = None,
    ) -> Callable[[JudgeStack], JudgeStack]:
        """A rule on the stack as a whole: the function yields a Finding for each thing that is wrong."""

        def add(judge: JudgeStack) -> JudgeStack:
            self._rules.append(
                Rule(id, self.name, title, symptom, fix, severity, level, judge_stack=judge, cis=cis, sets=sets or {})
            )
            return judge

        return add

    def each(
        self,
        type: str,
        id: str,
        *,
        title: str,
        symptom: str,
        fix: str,
        severity: Severity,
        level: Level = "mandatory",
        remedy: Remedy | None = None,
    ) -> Callable[[JudgeOne], JudgeOne]:
        """A rule on each resource of `type`: the function yields a sentence for each thing that is wrong with it."""

        def add(judge: JudgeOne) -> JudgeOne:
            self._rules.append(
                Rule(id, self.name, title, symptom, fix, severity, level, type, judge_one=judge, remedy=remedy)
            )
            return judge

        return add

    def containers(
        self,
        id: str,
        *,
        title: str,
        symptom: str,
        fix: str,
        severity: Severity,
        level: Level = "mandatory",
        remedy: Remedy | None = None,
        cis: Sequence[str] = (),
    ) -> Callable[[JudgeContainer], JudgeContainer]:
        """A rule on each container, whatever declares it: the function yields a sentence for each thing that is wrong."""

        def add(judge: JudgeContainer) -> JudgeContainer:
            def one(resource: Resource) -> Iterable[str]:
                return judge(resource) if isinstance(resource, Container) else ()

            self._rules.append(
                Rule(id, self.name, title, symptom, fix, severity, level, CONTAINER, one, None, remedy, containers, cis)
            )
            return judge

        return add


def puts(**properties: Any) -> Remedy:
    """The remedy that sets these properties of the resource and leaves its others."""
    return lambda props: {**props, **properties}
