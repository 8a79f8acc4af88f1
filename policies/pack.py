"""The rules as a CrossGuard pack: turns Pulumi's arguments into plain data, and back into violations."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.runtime import rpc
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)  # fmt: skip
from pulumi_policy.proxy import UnknownValueError, _DictProxy
from pulumi_policy.secret import _DictSecretsProxy

from policies import exceptions, once, server
from policies.model import SERVICE, UNKNOWN, ExceptionsProblem, Finding, Resource, Rule, Stack, message
from policies.reading.secrets import MARK, marked
from policies.rules import BY_ID, HARDENING, RULES
from policies.server import OfType

# How the engine marks an unknown string; the library wants to know which kind was missed.
_SENTINEL = rpc.UNKNOWN
_LEVELS = {
    "mandatory": EnforcementLevel.MANDATORY,
    "advisory": EnforcementLevel.ADVISORY,
    "optional": EnforcementLevel.DISABLED,
}


def plain(value: Any) -> Any:
    """A copy of Pulumi's value in which UNKNOWN stands for what is not known yet."""
    if isinstance(value, Mapping):
        found = {}
        for key in value:
            try:
                found[key] = plain(value[key])
            except UnknownValueError:
                found[key] = UNKNOWN
        return found
    if not isinstance(value, str | bytes) and hasattr(value, "__len__") and hasattr(value, "__getitem__"):
        items = []
        for index in range(len(value)):
            try:
                items.append(plain(value[index]))
            except UnknownValueError:
                items.append(UNKNOWN)
        return items
    return value


@functools.cache
def _known() -> exceptions.Exceptions | ExceptionsProblem:
    """What is accepted; a file that cannot be read accepts nothing, and is a violation."""
    try:
        return exceptions.Exceptions(exceptions.load(rules=BY_ID))
    except ExceptionsProblem as problem:
        return problem


def _stack_of(resources: Sequence[Any]) -> str:
    """The name of the stack that they are of, out of a URN: urn:pulumi:NAME::project::…"""
    urn = resources[0].urn if resources else ""
    return str(urn.partition("::")[0].rpartition(":")[2])


def _judge(rule: Rule, stack: Stack, report: ReportViolation) -> None:
    _tell(rule, stack, *rule.judge(stack), report)


def _tell(rule: Rule, stack: Stack, found: list[Finding], unknown: list[str], report: ReportViolation) -> None:
    known = _known()
    if found and isinstance(known, exceptions.Exceptions):
        found = list(known.sort(_stack_of(stack.resources), rule, found).open)
    for finding in found:
        report(message(rule, finding), finding.resource.urn if finding.resource else None)
    if unknown:
        # The library shows this as an advisory "can't run policy …": said, and nothing is refused for it.
        raise UnknownValueError(_SENTINEL, unknown)


class _Inputs:
    """What the program said about each resource, noted when the engine shows it before it ships.

    The stack rules get outputs only. While a provider cannot be configured yet (docker, before there is a host) those
    are empty, and computed ones are unknown, though the program's own words would be enough to judge.
    """

    # Only the cloud knows these; whatever else is unknown and was not said has its default.
    _COMPUTED = frozenset({"subnet", "mainIp", "mountId", "stdout", "imageId", "certificate"})

    def __init__(self) -> None:
        self._by_urn: dict[str, Any] = {}
        self._secrets: dict[str, frozenset[tuple[str | int, ...]]] = {}  # looked for once, not once a rule

    def note(self, urn: str, properties: Any) -> None:
        # Converted when the stack is judged, not while the engine waits for this one resource.
        self._by_urn[urn] = properties
        self._secrets.pop(urn, None)

    def secrets(self, urn: str) -> frozenset[tuple[str | int, ...]] | None:
        """The paths of what the program marked as secret; None for a resource of which it said nothing."""
        if urn not in self._by_urn:
            return None
        if urn not in self._secrets:
            message = self._by_urn[urn]
            any_mark = MARK.encode() in message.SerializeToString()
            self._secrets[urn] = frozenset(marked(once.wire(message))) if any_mark else frozenset()
        return self._secrets[urn]

    def merged(self, urn: str, outputs: dict[str, Any]) -> dict[str, Any]:
        if urn not in self._by_urn:
            return outputs
        said = plain(once.values(self._by_urn[urn]))
        known = {
            key: value for key, value in outputs.items()
            if value is not UNKNOWN or (key not in said and key in self._COMPUTED)
        }  # fmt: skip
        return {**said, **known}


_INPUTS = _Inputs()


def _resource(about: Any, props: Mapping[str, Any]) -> Resource:
    """`about`: the library's arguments of one resource, or one resource of its stack."""
    ignored = tuple(about.opts.ignore_changes or ())
    secrets = _INPUTS.secrets(about.urn)
    return Resource(about.resource_type, about.name, props, about.urn, ignored, secrets=secrets)


def _as_it_came(props: Any) -> dict[str, Any]:
    """A resource's properties with what is secret still marked so: who reads one from `props` gets it in plain."""
    while isinstance(props, _DictProxy | _DictSecretsProxy):
        props = props["__target"]
    return dict(props)


def _types(rule: Rule) -> tuple[str, ...]:
    """A rule on containers is one on a swarm's services, too."""
    return (rule.type, SERVICE) if rule.source else (rule.type,)


def _one(rule: Rule) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        _judge(rule, Stack([_resource(args, plain(args.props))]), report)

    remediate = None
    if rule.remedy is not None:
        remedy = rule.remedy

        def remediate(args: ResourceValidationArgs) -> Mapping[str, Any] | None:
            props = plain(args.props)
            if args.resource_type != rule.type:
                return None  # a service has other properties
            found, unknown = rule.judge(Stack([_resource(args, props)]))
            return remedy(_as_it_came(args.props)) if found and not unknown else None

    policy = (_Everywhere if rule.source else OfType)(
        name=rule.id, description=f"{rule.title}: {rule.fix}", validate=validate, remediate=remediate,
        enforcement_level=_LEVELS[rule.level], display_name=rule.title, severity=Severity(rule.severity),
        url=f"docs/policies.md#{rule.id}", remediation_steps=rule.fix,
    )  # fmt: skip
    policy.resource_types = _types(rule)
    if isinstance(policy, _Everywhere):
        policy.rule = rule
    return policy


class _OfStack(StackValidationPolicy):  # type: ignore[misc]  # the library has no types
    """A stack policy that may stand behind another kind: the library's own takes what is handed on for its `validate`."""

    def __init__(self, *args: Any, **named: Any) -> None:
        Policy.__init__(self, *args, **named)


class _Everywhere(OfType, _OfStack):
    """A rule on each container: a declared one is judged before it ships, the stack for what that could not know.

    Which are those that commands make, and what is missing where only the others show that the platform is there.
    """

    rule: Rule

    def validate(self, args: Any, report: ReportViolation) -> Any:
        if not isinstance(args, StackValidationArgs):
            return super().validate(args, report)
        stack = _STACKS.of(self.rule, args)
        found, unknown = self.rule.judge(stack)
        if found or unknown:
            alone = [self.rule.judge(Stack([one])) for type in _types(self.rule) for one in stack.of(type)]
            told = {(finding.resource and finding.resource.urn, finding.text) for each in alone for finding in each[0]}
            said = {text for each in alone for text in each[1]}
            found = [f for f in found if (f.resource and f.resource.urn, f.text) not in told]
            _tell(self.rule, stack, found, [text for text in unknown if text not in said], report)
        return None


class _Stacks:
    """The stack as plain data, made once for all the rules that judge it in one call."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._stack = Stack([])

    def of(self, rule: Rule, args: StackValidationArgs) -> Stack:
        # A rule judges once a call: one that comes again belongs to the next call.
        if not self._seen or rule.id in self._seen:
            self._seen.clear()
            self._stack = Stack([_resource(r, _INPUTS.merged(r.urn, plain(r.props))) for r in args.resources])
        self._seen.add(rule.id)
        return self._stack


_STACKS = _Stacks()


def _whole(rule: Rule) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        _judge(rule, _STACKS.of(rule, args), report)

    return StackValidationPolicy(
        name=rule.id, description=f"{rule.title}: {rule.fix}", validate=validate,
        enforcement_level=_LEVELS[rule.level], display_name=rule.title, severity=Severity(rule.severity),
        url=f"docs/policies.md#{rule.id}", remediation_steps=rule.fix,
    )  # fmt: skip


def _list_of_exceptions() -> Policy:
    """Judges policies/exceptions.yaml itself."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        known = _known()
        if isinstance(known, ExceptionsProblem):
            report(f"[{exceptions.ENDED.id}] {known}", None)
            return
        for finding in known.ended(_stack_of(args.resources)):
            report(message(exceptions.ENDED, finding), None)

    return StackValidationPolicy(
        name=exceptions.ENDED.id, description=exceptions.ENDED.title, validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
    )  # fmt: skip


def policies() -> list[Policy]:
    """One policy a rule: levels are overridden by rule id."""
    once.install()
    server.install(_INPUTS.note)
    return [*(_one(rule) if rule.judge_one else _whole(rule) for rule in (*RULES, *HARDENING)), _list_of_exceptions()]
