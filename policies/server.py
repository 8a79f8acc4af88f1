"""The library's server, asked only for what some rule wants to know: two calls a resource come from the engine.

pulumi-policy 1.21 converts every resource for both calls (Remediate, Analyze) and walks through all policies, whatever
the resource's type. Here a policy that is `OfType` is asked for its types only, and nothing is converted for the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import pulumi_policy.policy as library
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, Policy, ResourceValidationPolicy

from policies.once import Once

Note = Callable[[str, Any], None]  # urn, properties as they came
_Library: Any = library._PolicyAnalyzerServicer


class OfType(ResourceValidationPolicy):  # type: ignore[misc]  # the library has no types
    """A policy on resources of some types only, by their tokens."""

    resource_types: tuple[str, ...]


# Settings come from the environment, and that does not change while the pack runs.
_settings = functools.cache(functools.partial(_Library._configure_runtime_settings, None))


class _Reading(_Library):  # type: ignore[misc]  # the library has no types
    """The library's servicer, which reads what does not change once."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # The library's own do not look at `self`. Not on the class: a message that outlives its module ends in a crash.
        self._get_resource_options = Once(functools.partial(_Library._get_resource_options, None))
        self._get_provider_resource = Once(functools.partial(_Library._get_provider_resource, None))

    def _configure_runtime_settings(self) -> None:
        _settings()


class _Narrow(_Reading):
    """The policies on one type."""

    def __init__(self, name: str, version: str, policies: list[Policy], *rest: Any) -> None:
        super().__init__(name, version, policies, *rest)
        self._policies = policies

    def remedies(self) -> bool:
        """Whether any of them is asked to put right what it finds."""
        return any(self._get_enforcement_level(policy) is EnforcementLevel.REMEDIATE for policy in self._policies)


class Servicer(_Reading):
    """What the engine talks to. `note` hears of every resource before it is judged."""

    note: ClassVar[staticmethod[[str, Any], None]] = staticmethod(lambda urn, properties: None)

    def __init__(self, name: str, version: str, policies: list[Policy], *rest: Any) -> None:
        super().__init__(name, version, policies, *rest)
        by_type: dict[str, list[Policy]] = {}
        for policy in policies:
            if isinstance(policy, OfType):
                for type in policy.resource_types:
                    by_type.setdefault(type, []).append(policy)
        self._by_type = {type: _Narrow(name, version, some, *rest) for type, some in by_type.items()}

    def Configure(self, request: Any, context: Any) -> Any:
        for narrow in self._by_type.values():
            narrow.Configure(request, context)
        return super().Configure(request, context)

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        for narrow in self._by_type.values():
            narrow.ConfigureStack(request, context)
        return super().ConfigureStack(request, context)

    def Remediate(self, request: Any, context: Any) -> Any:
        narrow = self._by_type.get(request.type)
        if narrow is None or not narrow.remedies():
            return analyzer_pb2.RemediateResponse()
        return narrow.Remediate(request, context)

    def Analyze(self, request: Any, context: Any) -> Any:
        self.note(request.urn, request.properties)
        narrow = self._by_type.get(request.type)
        return analyzer_pb2.AnalyzeResponse() if narrow is None else narrow.Analyze(request, context)

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        for resource in request.resources:
            # Its outputs are known at the end only, and nobody analyzes it before.
            if resource.type == "pulumi:pulumi:Stack":
                self.note(resource.urn, resource.properties)
        return super().AnalyzeStack(_StackRequest(request), context)


class _StackRequest:
    """A stack to judge, whose resources are given out once: `pack._Stacks` keeps them for all the rules of the call."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._given = False

    @property
    def resources(self) -> Any:
        given, self._given = self._given, True
        return () if given else self._request.resources

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)


def install(note: Note) -> None:
    """Put it in place of the library's own; safe to repeat."""
    Servicer.note = staticmethod(note)
    library._PolicyAnalyzerServicer = Servicer
