"""The Cloudflare stand-in through its gRPC surface, against a small in-process API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from sandbox.providers.cloudflare.provider import Cloudflare as Plugin
from sandbox.providers.cloudflare.wire import to_program, to_wire
from sandbox.providers.harness import Engine, running
from sandbox.providers.values import UNKNOWN, Secret
from tests.unit.providers.fake_clouds import Cloudflare, serving
from tests.unit.providers.lifecycle import changes, made

RECORD, SETTING = "cloudflare:index/dnsRecord:DnsRecord", "cloudflare:index/zoneSetting:ZoneSetting"
RULESET, ZONE = "cloudflare:index/ruleset:Ruleset", "cloudflare:index/zone:Zone"
CERT = "cloudflare:index/originCaCertificate:OriginCaCertificate"
AOP = "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings"
LLM = {"zoneId": "z1", "name": "llm", "type": "A", "content": "10.1.2.3", "ttl": 1, "proxied": True}
WAF: dict[str, Any] = {
    "zoneId": "z1",
    "kind": "zone",
    "name": "mech",
    "phase": "http_request_firewall_custom",
    "rules": [
        {"action": "block", "expression": "(ip.src eq 1.2.3.4)", "description": "bad"},
        {"action": "skip", "expression": "true", "actionParameters": {"phases": ["http_ratelimit"]}},
    ],
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloudflare]:
    fake = Cloudflare()
    with serving(fake, "/client/v4") as url:
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", url)
        monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
        yield fake


@pytest.fixture
def engine(api: Cloudflare) -> Iterator[Engine]:
    with running(Plugin()) as engine:
        engine.configure(apiToken=Secret("good"))
        yield engine


@pytest.mark.parametrize("name", ["llm", "llm.mech.is", "LLM.mech.is", "@"])
def test_record_is_clean_after_create_and_refresh(engine: Engine, name: str) -> None:
    wanted = {**LLM, "name": name}
    id, state, inputs = made(engine, RECORD, wanted)
    assert changes(engine, RECORD, inputs, wanted, state) == ({}, [])
    _, state, inputs = engine.read(RECORD, id, state, inputs)
    assert inputs["name"] == name and state["proxiable"] is True and state["meta"] == "{}"
    assert changes(engine, RECORD, inputs, wanted, state) == ({}, [])


def test_record_changes(engine: Engine) -> None:
    _, state, inputs = made(engine, RECORD, {**LLM, "name": "a.llm"})
    same = {**LLM, "name": "a.llm"}
    for change, replaces in (
        ({"name": "a"}, False),
        ({"content": "10.1.2.4"}, False),
        ({"content": UNKNOWN}, False),
        ({"proxied": False}, False),
        ({"comment": "x"}, False),
        ({"type": "AAAA"}, True),
        ({"zoneId": "z2"}, True),
    ):
        kinds, replaced = changes(engine, RECORD, inputs, {**same, **change}, state)
        assert list(kinds) == list(change) and replaced == (list(change) if replaces else []), change


def test_proxied_ttl(engine: Engine) -> None:
    """Create refuses; an update lets the API force 1, and every preview shows the difference again."""
    with pytest.raises(grpc.RpcError, match="ttl must be set to 1 when `proxied` is true"):
        made(engine, RECORD, {**LLM, "ttl": 300})
    id, state, inputs = made(engine, RECORD, {**LLM, "ttl": 300, "proxied": False})
    wanted = {**inputs, "proxied": True}
    state = engine.update(RECORD, id, state, wanted)
    assert state["ttl"] == 1
    assert changes(engine, RECORD, wanted, wanted, state) == ({"ttl": "UPDATE"}, [])


def test_record_edited_and_removed_outside(engine: Engine, api: Cloudflare) -> None:
    id, state, inputs = made(engine, RECORD, LLM)
    api.things[f"zones/z1/dns_records/{id}"].update(proxied=False, content="6.6.6.6", comment="me")
    _, state, refreshed = engine.read(RECORD, id, state, inputs)
    assert refreshed["proxied"] is False and refreshed["content"] == "6.6.6.6"
    kinds, _ = changes(engine, RECORD, refreshed, LLM, state)
    assert kinds == {"proxied": "UPDATE", "content": "UPDATE", "comment": "DELETE"}
    state = engine.update(RECORD, id, state, inputs)
    assert (state["proxied"], state["content"], state.get("comment")) == (True, "10.1.2.3", None)
    del api.things[f"zones/z1/dns_records/{id}"]
    assert engine.read(RECORD, id, state, inputs)[0] == ""
    with pytest.raises(grpc.RpcError, match=r"Record does not exist.*81044.*`pulumi refresh`"):
        engine.delete(RECORD, id, state)


def test_texts_are_stored_in_quotes_and_host_names_in_any_case(engine: Engine, api: Cloudflare) -> None:
    text = {"zoneId": "z1", "name": "_dmarc", "type": "TXT", "content": "v=DMARC1", "ttl": 300}
    id, state, inputs = made(engine, RECORD, text)
    assert api.things[f"zones/z1/dns_records/{id}"]["content"] == '"v=DMARC1"'
    _, state, inputs = engine.read(RECORD, id, state, inputs)
    assert changes(engine, RECORD, inputs, text, state) == ({}, [])
    alias = {"zoneId": "z1", "name": "www", "type": "CNAME", "content": "Mech.IS", "ttl": 1, "proxied": True}
    id, state, inputs = made(engine, RECORD, alias)
    api.things[f"zones/z1/dns_records/{id}"]["content"] = "mech.is"
    _, state, inputs = engine.read(RECORD, id, state, inputs)
    assert state["settings"] == {"flattenCname": False, "ipv4Only": False, "ipv6Only": False}
    assert changes(engine, RECORD, inputs, alias, state) == ({}, [])


def test_import_ids(engine: Engine) -> None:
    id, _, _ = made(engine, RECORD, LLM)
    real, state, inputs = engine.read(RECORD, f"z1/{id}", {}, {})
    assert real == id and inputs["zoneId"] == "z1" and inputs["name"] == "llm.mech.is"
    assert changes(engine, RECORD, inputs, LLM, state) == ({}, [])
    with pytest.raises(grpc.RpcError, match="<zone_id>/<dns_record_id>"):
        engine.read(RECORD, id, {}, {})
    assert engine.read(SETTING, "z1/ssl", {}, {})[2] == {"zoneId": "z1", "settingId": "ssl", "value": "off"}
    id, _, _ = made(engine, RULESET, WAF)
    assert engine.read(RULESET, f"zones/z1/{id}", {}, {})[2]["rules"][0]["action"] == "block"
    with pytest.raises(grpc.RpcError, match=r"accounts\|zones"):
        engine.read(RULESET, f"sites/z1/{id}", {}, {})


def test_setting_is_patched_and_never_deleted(engine: Engine, api: Cloudflare) -> None:
    wanted = {"zoneId": "z1", "settingId": "ssl", "value": "strict"}
    id, state, inputs = made(engine, SETTING, wanted)
    assert id == "ssl" and api.sent("PATCH", "zones/z1/settings/ssl") == [{"value": "strict"}]
    api.things["zones/z1/settings/ssl"]["value"] = "flexible"
    _, state, refreshed = engine.read(SETTING, id, state, inputs)
    assert changes(engine, SETTING, refreshed, wanted, state) == ({"value": "UPDATE"}, [])
    engine.update(SETTING, id, state, inputs)
    engine.delete(SETTING, id, state)
    assert api.things["zones/z1/settings/ssl"]["value"] == "strict" and not api.sent("DELETE")


def test_setting_with_an_object(engine: Engine, api: Cloudflare) -> None:
    where = "zones/z1/settings/security_header"
    hsts = {"strict_transport_security": {"enabled": True, "max_age": 86400}}
    api.things[where] = {"id": "security_header", "value": {}}
    wanted = {"zoneId": "z1", "settingId": "security_header", "value": hsts}
    id, state, inputs = made(engine, SETTING, wanted)
    api.things[where]["value"]["strict_transport_security"]["preload"] = True  # what the program does not speak of
    _, state, inputs = engine.read(SETTING, id, state, inputs)
    assert changes(engine, SETTING, inputs, wanted, state) == ({}, [])
    api.things[where]["value"]["strict_transport_security"]["max_age"] = 0
    _, state, inputs = engine.read(SETTING, id, state, inputs)
    assert changes(engine, SETTING, inputs, wanted, state)[0] == {"value.strict_transport_security.max_age": "UPDATE"}


def test_ruleset(engine: Engine, api: Cloudflare) -> None:
    id, state, inputs = made(engine, RULESET, WAF)
    assert api.sent("POST", "zones/z1/rulesets")[0]["rules"][1]["action_parameters"] == {"phases": ["http_ratelimit"]}
    assert changes(engine, RULESET, inputs, WAF, state) == ({}, [])
    _, state, inputs = engine.read(RULESET, id, state, inputs)
    assert changes(engine, RULESET, inputs, WAF, state) == ({}, [])
    stored = api.things[f"zones/z1/rulesets/{id}"]["rules"]
    stored[0]["enabled"] = False
    _, state, drifted = engine.read(RULESET, id, state, inputs)
    assert changes(engine, RULESET, drifted, WAF, state)[0] == {"rules[0].enabled": "UPDATE"}
    ref = stored[1]["ref"]
    engine.update(RULESET, id, state, inputs)
    rules = api.sent("PUT", f"zones/z1/rulesets/{id}")[0]["rules"]
    assert rules[1]["ref"] == ref and "ref" not in rules[0]
    assert changes(engine, RULESET, inputs, {**WAF, "phase": "http_ratelimit"}, state)[1] == ["phase"]
    assert engine.check(RULESET, {k: v for k, v in WAF.items() if k != "zoneId"})[1][0][0] == "zoneId"


def test_certificate_and_pulls(engine: Engine, api: Cloudflare) -> None:
    wanted = {"csr": "CSR\n", "requestType": "origin-ecc", "hostnames": ["mech.is", "*.mech.is"]}
    id, state, inputs = made(engine, CERT, wanted)
    assert state["certificate"] == "CERT"
    api.things[f"certificates/{id}"].update(csr="CSR", hostnames=["*.mech.is", "mech.is"], requested_validity=5475)
    _, state, inputs = engine.read(CERT, id, state, inputs)
    assert changes(engine, CERT, inputs, wanted, state) == ({}, [])
    assert changes(engine, CERT, inputs, {**wanted, "requestedValidity": 90}, state)[1] == ["requestedValidity"]
    id, state, inputs = made(engine, AOP, {"zoneId": "z1", "enabled": True})
    assert id == "z1" and changes(engine, AOP, inputs, {"zoneId": "z1", "enabled": False}, state)[0]


def test_zone(engine: Engine) -> None:
    wanted = {"account": {"id": "a1"}, "name": "mech.is"}
    _, state, inputs = engine.read(ZONE, "z1", {}, {})
    assert changes(engine, ZONE, inputs, wanted, state) == ({}, [])
    assert changes(engine, ZONE, inputs, {**wanted, "account": {"id": "a2"}}, state)[1] == ["account"]


def test_functions(engine: Engine) -> None:
    zone = engine.invoke("cloudflare:index/getZone:getZone", {"filter": {"name": "mech.is"}})
    assert (zone["zoneId"], zone["name"], zone["account"]["name"]) == ("z1", "mech.is", "Mech")
    with pytest.raises(grpc.RpcError, match="exactly one result: 0 zones match 'mech"):
        engine.invoke("cloudflare:index/getZone:getZone", {"filter": {"name": "mech.com"}})
    assert engine.invoke("cloudflare:index/getIpRanges:getIpRanges", {})["ipv4Cidrs"] == ["173.245.48.0/20"]


def test_wrong_and_missing_token(api: Cloudflare) -> None:
    with running(Plugin()) as engine:
        engine.configure(apiToken=Secret("wrong-token-text"))
        with pytest.raises(grpc.RpcError) as caught:
            engine.create(RECORD, LLM)
        text = caught.value.details()
        assert "Authentication error" in text and "cloudflare:apiToken" in text and "wrong-token-text" not in text
        engine.configure()
        with pytest.raises(grpc.RpcError, match=r"needs an API token: .*CLOUDFLARE_API_TOKEN"):
            engine.create(RECORD, LLM)
        assert engine.invoke("cloudflare:index/getIpRanges:getIpRanges", {})["etag"] == "e1"  # public


def test_cloudflares_own_words(engine: Engine, api: Cloudflare) -> None:
    api.fail["POST zones/z1/dns_records"] = [api.no(400, 81057, "The record already exists.")]
    with pytest.raises(grpc.RpcError, match=r"The record already exists. \(code 81057\) \(HTTP 400"):
        made(engine, RECORD, LLM)


def test_wire_names_go_round() -> None:
    rule = {
        "actionParameters": {
            "headers": {"X-My-Header": {"operation": "set", "value": "1"}},
            "cacheKey": {"customKey": {"header": {"includes": ["a"], "checkPresences": ["b"]}}},
            "edgeTtl": {"mode": "x", "statusCodeTtls": [{"statusCode": 404, "value": 0}]},
            "sMaxage": {"operation": "set"},
        }
    }
    wire = to_wire(rule)["action_parameters"]
    assert wire["headers"] == {"X-My-Header": {"operation": "set", "value": "1"}}
    assert wire["cache_key"]["custom_key"]["header"] == {"include": ["a"], "check_presence": ["b"]}
    assert wire["edge_ttl"]["status_code_ttl"] == [{"status_code": 404, "value": 0}]
    assert to_program(to_wire(rule)) == rule
