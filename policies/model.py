"""What a rule is, and what it looks at: resources as plain data in which unknown values are marked, not missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["mandatory", "advisory", "optional"]  # optional: judged only where it is asked for
Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")  # the worst first

CONTAINER = "docker:index/container:Container"
SERVICE = "docker:index/service:Service"
SERVICE_CONFIG = "docker:index/serviceConfig:ServiceConfig"
NETWORK = "docker:index/network:Network"
IMAGE = "docker:index/remoteImage:RemoteImage"
REMOTE = "command:remote:Command"
LOCAL = "command:local:Command"
INSTANCE = "vultr:index/instance:Instance"
GROUP_RULE = "vultr:index/firewallRule:FirewallRule"
RESERVED_IP = "vultr:index/reservedIp:ReservedIp"
BLOCK = "vultr:index/blockStorage:BlockStorage"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
HOST_STATE = "pulumi-python:dynamic/mech:HostState"
ORIGIN_CA = "cloudflare:index/originCaCertificate:OriginCaCertificate"


class _Unknown:
    def __repr__(self) -> str:
        return "(not known yet)"


UNKNOWN = _Unknown()


class ExceptionsProblem(Exception):
    """policies/exceptions.yaml cannot be read or says nonsense; the text names the entry and the way out."""


class Unjudged(Exception):
    """A rule needs a value that is not known at this preview; the text names it."""


@dataclass(frozen=True)
class Resource:
    """One resource: `props` may hold UNKNOWN anywhere, nulls, and values of any type; `ignored` are its ignore_changes.

    `secrets` are the paths of what is marked as secret; None where that is not known, and then all may be.
    `declared` is where the program does so, as (path from the repository's root, line), where that is known; `parent` the
    name of the component that it stands under.
    `sure` is False where only the host knows whether it comes to be: its faults are not judged, and that is said.
    """

    type: str
    name: str
    props: Mapping[str, Any]
    urn: str = ""
    ignored: Sequence[str] = ()
    declared: tuple[str, int] | None = None
    secrets: frozenset[tuple[str | int, ...]] | None = None
    sure: bool = True
    parent: str = ""

    def is_secret(self, *path: str | int) -> bool:
        """Whether the value at `path`, or what it is in, is marked as secret, as far as that is known."""
        return self.secrets is None or any(path[: len(marked)] == marked for marked in self.secrets)

    def get(self, *path: str | int, default: Any = None) -> Any:
        """The value at `path`; `default` where it is absent, null or of another shape. Raises Unjudged where unknown."""
        value: Any = self.props
        for step in path:
            if value is UNKNOWN:
                break
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return default
        if value is UNKNOWN:
            raise Unjudged(f"{self.name}.{'.'.join(map(str, path))}")
        return default if value is None else value

    def text(self, *path: str | int) -> str:
        """As `get`, "" for anything that is not a string."""
        value = self.get(*path)
        return value if isinstance(value, str) else ""

    def number(self, *path: str | int) -> float | None:
        """As `get`; a number, also written as text; None for anything else."""
        value = self.get(*path)
        if isinstance(value, bool):
            return None
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError):
            return None

    def items(self, *path: str | int) -> list[Any]:
        """As `get`; a list without its unknown elements, [] for anything that is not a list."""
        value = self.get(*path)
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence):
            return []
        return [item for item in value if item is not None and item is not UNKNOWN]

    def maps(self, *path: str | int) -> list[Mapping[str, Any]]:
        return [item for item in self.items(*path) if isinstance(item, Mapping)]


@dataclass
class Stack:
    """All resources of a stack, by type."""

    resources: Sequence[Resource]
    _by_type: dict[str, list[Resource]] = field(default_factory=dict)
    memo: dict[str, Any] = field(default_factory=dict)  # what was read of it once, by who read it

    def __post_init__(self) -> None:
        for resource in self.resources:
            self._by_type.setdefault(resource.type, []).append(resource)

    def of(self, type: str) -> list[Resource]:
        return self._by_type.get(type, [])

    def commands(self) -> list[Resource]:
        """Commands on hosts, whether by Pulumi's own SSH or by ssh from here."""
        return [*self.of(REMOTE), *self.of(LOCAL)]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and with which resource (None: with the stack as a whole)."""

    text: str
    resource: Resource | None = None


@dataclass(frozen=True)
class Rule:
    """`judge_one` for a rule on one type of resource, else `judge_stack`. `source`: what is judged one by one, where that is
    more than the resources of the type (containers, which commands make, too).

    `symptom` is what a person would see, in the guide's words where it has them; `fix` is one sentence with the config
    key. `remedy` returns new properties where exactly one answer is right. `cis`: what it judges of the CIS Docker Benchmark.
    """

    id: str
    family: str
    title: str
    symptom: str
    fix: str
    severity: Severity
    level: Level = "mandatory"
    type: str = ""
    judge_one: Callable[[Resource], Iterable[str]] | None = None
    judge_stack: Callable[[Stack], Iterable[Finding]] | None = None
    remedy: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    source: Callable[[Stack], Iterable[Resource]] | None = None
    cis: Sequence[str] = ()
    sets: Mapping[str, Any] = field(default_factory=dict)  # config keys whose one right value is known

    def judge(self, stack: Stack) -> tuple[list[Finding], list[str]]:
        """(findings, what could not be judged). Never raises for odd properties."""
        found: list[Finding] = []
        unknown: list[str] = []
        if self.judge_stack is not None:
            _collect(self.judge_stack(stack), found, unknown)
            return _sure(found, unknown)
        assert self.judge_one is not None
        for resource in self.source(stack) if self.source else stack.of(self.type):
            texts: list[Any] = []
            _collect(self.judge_one(resource), texts, unknown)
            found += [Finding(text, resource) for text in texts]
        return _sure(found, unknown)


def _sure(found: list[Finding], unknown: list[str]) -> tuple[list[Finding], list[str]]:
    """What is found at a resource that may not come to be is not known."""
    open_ = [finding.text for finding in found if finding.resource is not None and not finding.resource.sure]
    return [f for f in found if f.resource is None or f.resource.sure], [*unknown, *open_]


def _collect(source: Iterable[Any], into: list[Any], unknown: list[str]) -> None:
    iterator: Iterator[Any] = iter(source)
    while True:
        try:
            into.append(next(iterator))
        except StopIteration:
            return
        except Unjudged as what:
            unknown.append(str(what))
            return


def each(resources: Iterable[Resource], judge: Callable[[Resource], Iterable[str]]) -> Iterator[Finding]:
    """Judge each on its own: one that is unknown does not hide another's fault. Raises Unjudged at the end."""
    unknown = []
    for resource in resources:
        try:
            for text in judge(resource):
                yield Finding(text, resource)
        except Unjudged as what:
            unknown.append(str(what))
    if unknown:
        raise Unjudged(", ".join(unknown))


def message(rule: Rule, finding: Finding) -> str:
    """What a person reads: id, what is wrong, what it would look like, what to do."""
    return f"[{rule.id}] {finding.text}. You would see: {rule.symptom}. Fix: {rule.fix} (docs/policies.md#{rule.id})"
