"""Small programs in other people's dialects: each gets exactly the findings that it deserves.

A file is a subject, a document in it a program: `about` (what a person wanted), `source` (the public question that it was
written from; no text is copied), `resources` (name: type, properties; a record's own type is its `kind`), `expect` (the ids of all rules that find something,
whatever their level) and `unjudged` (those that say that they cannot know).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.mocked import _plain
from policies.model import UNKNOWN, Resource, Stack
from policies.reading.secrets import MARK, SECRET_MARK, marked
from policies.rules import BY_ID, RULES

HERE = Path(__file__).parent
TYPES = {
    "command": "command:remote:Command",
    "local": "command:local:Command",
    "copy": "command:remote:CopyToRemote",
    "copyfile": "command:remote:CopyFile",
    "container": "docker:index/container:Container",
    "service": "docker:index/service:Service",
    "secret": "docker:index/secret:Secret",
    "config": "docker:index/serviceConfig:ServiceConfig",
    "network": "docker:index/network:Network",
    "image": "docker:index/remoteImage:RemoteImage",
    "instance": "vultr:index/instance:Instance",
    "startup": "vultr:index/startupScript:StartupScript",
    "group-rule": "vultr:index/firewallRule:FirewallRule",
    "record": "cloudflare:index/dnsRecord:DnsRecord",
    "setting": "cloudflare:index/zoneSetting:ZoneSetting",
    "ruleset": "cloudflare:index/ruleset:Ruleset",
    "old-record": "cloudflare:index/record:Record",
    "override": "cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride",
    "page-rule": "cloudflare:index/pageRule:PageRule",
    "zone": "cloudflare:index/zone:Zone",
    "outputs": "pulumi:pulumi:Stack",
}


def programs() -> Iterator[Any]:
    for path in sorted(HERE.glob("*.yaml")):
        for number, about in enumerate(yaml.safe_load_all(path.read_text()), 1):
            yield pytest.param(about, id=f"{path.stem}-{number}")


def _value(value: Any) -> Any:
    """`(unknown)` stands for what a preview does not know, `(secret) …` for what is marked as secret."""
    if isinstance(value, dict):
        return {key: _value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner) for inner in value]
    if isinstance(value, str) and value.startswith("(secret) "):
        return {MARK: SECRET_MARK, "value": value.removeprefix("(secret) ")}
    return UNKNOWN if value == "(unknown)" else value


def stack(about: dict[str, Any]) -> Stack:
    found = []
    for name, resource in about["resources"].items():
        said = _value({key: value for key, value in resource.items() if key not in ("type", "kind")})
        if "kind" in resource:
            said |= {"type": resource["kind"]} if "record" in resource["type"] else {"kind": resource["kind"]}
        secrets = frozenset(marked(said))
        found.append(Resource(TYPES.get(resource["type"], resource["type"]), name, _plain(said), secrets=secrets))
    return Stack(found)


@pytest.mark.parametrize("about", list(programs()))
def test_a_program_is_judged_by_what_it_means(about: dict[str, Any]) -> None:
    assert {"about", "source", "resources", "expect"} <= set(about)
    found, unjudged = set(), set()
    for rule in RULES:
        findings, unknown = rule.judge(stack(about))
        found |= {rule.id} if findings else set()
        unjudged |= {rule.id} if unknown else set()
    assert found == set(about["expect"]), about["about"]
    assert unjudged == set(about.get("unjudged", [])), about["about"]
    assert found | unjudged <= set(BY_ID)
