"""What the server asks of the rules, and what it lets be."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, ResourceValidationArgs

from policies.server import OfType, Servicer

CONTAINER = "docker:index/container:Container"


class Asked:
    """A pack of one rule on containers that finds fault with all and can put it right."""

    def __init__(self) -> None:
        self.types: list[str] = []
        policy = OfType(name="rule", description="rule", validate=self._validate, remediate=self._remediate)
        policy.resource_types = (CONTAINER,)
        self.servicer = Servicer("pack", "0.0.1", [policy], EnforcementLevel.MANDATORY)

    def _validate(self, args: ResourceValidationArgs, report: Any) -> None:
        self.types.append(args.resource_type)
        report("wrong")

    def _remediate(self, args: ResourceValidationArgs) -> dict[str, Any]:
        return {"restart": "always"}


def shown(type: str) -> analyzer_pb2.AnalyzeRequest:
    properties = struct_pb2.Struct()
    properties.update({"name": "redis"})
    return analyzer_pb2.AnalyzeRequest(type=type, urn=f"urn:{type}", name="redis", properties=properties)


def test_a_rule_is_asked_for_its_own_type_only() -> None:
    asked = Asked()
    assert [found.policyName for found in asked.servicer.Analyze(shown(CONTAINER), None).diagnostics] == ["rule"]
    assert not asked.servicer.Analyze(shown("command:remote:Command"), None).diagnostics
    assert asked.types == [CONTAINER]


def test_nothing_is_put_right_unless_the_team_asked_for_it() -> None:
    asked = Asked()
    assert not asked.servicer.Remediate(shown(CONTAINER), None).remediations
    level = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.REMEDIATE)
    asked.servicer.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={"rule": level}), None)
    (remedy,) = asked.servicer.Remediate(shown(CONTAINER), None).remediations
    assert remedy.properties["restart"] == "always"
    assert not asked.servicer.Remediate(shown("command:remote:Command"), None).remediations


def test_every_resource_is_noted_before_it_is_judged(monkeypatch: Any) -> None:
    noted: list[str] = []
    monkeypatch.setattr(Servicer, "note", staticmethod(lambda urn, properties: noted.append(urn)))
    asked = Asked()
    asked.servicer.Analyze(shown("command:remote:Command"), None)
    asked.servicer.Analyze(shown(CONTAINER), None)
    assert noted == ["urn:command:remote:Command", f"urn:{CONTAINER}"]
