"""Cloudflare's zone: what an expression says of every visitor, settings and records of either version."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.model import UNKNOWN as LATER
from policies.model import Resource, Stack, Unjudged
from policies.reading.edge import acting, holds, records, setting

HOST = "llm.mech.is"
EXPRESSIONS = {
    "true": True,
    "(ip.src ne 0.0.0.0)": True,
    "not (ip.src in {10.0.0.0/8 192.168.1.1})": True,
    "ip.src in {0.0.0.0/0}": True,
    "ssl": True,
    "not ssl": False,
    '(http.host eq "llm.mech.is")': True,
    'http.host == "llm.mech.is" && ssl': True,
    'http.host in {"a.example" "llm.mech.is"}': True,
    'ends_with(http.host, ".mech.is")': True,
    'lower(http.host) contains "mech"': True,
    'http.host matches "^llm\\\\."': True,
    'http.host wildcard "*.mech.is"': True,
    'http.host eq "a.example"': False,
    'http.host ne "llm.mech.is" or not ssl': False,
    'starts_with(http.request.uri.path, "/")': True,
    'http.request.full_uri wildcard "https://llm.mech.is/*"': True,
    'http.host eq "llm.mech.is" and http.request.uri.path eq "/admin"': None,
    "ip.src ne 203.0.113.7": None,
    "ip.src in $office": None,
    'ip.src.country ne "DE"': None,
    "not cf.client.bot": None,
    "any(http.request.headers.names[*] eq 1)": None,
    "(true": None,
    "": None,
}


@pytest.mark.parametrize(("expression", "said"), EXPRESSIONS.items(), ids=EXPRESSIONS)
def test_of_whom_an_expression_holds(expression: str, said: bool | None) -> None:
    assert holds(expression, HOST) is said


@given(st.text(alphabet='()!&|"{}$., abehinorstuw=~0123/\\', max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_expression_is_read(text: str) -> None:
    holds(text, HOST)


def test_settings_of_one_resource_each_and_of_all_in_one() -> None:
    stack = Stack([
        Resource("cloudflare:index/zoneSetting:ZoneSetting", "one", {"settingId": "ssl", "value": "full"}),
        Resource("cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride", "all",
                 {"settings": {"ssl": "strict", "minTlsVersion": LATER, "zeroRtt": None}}),
    ])  # fmt: skip
    assert [one.value for one in setting(stack, "ssl")] == ["full", "strict"]
    assert setting(stack, "zero_rtt") == []
    with pytest.raises(Unjudged):
        _ = setting(stack, "min_tls_version")[0].value


@pytest.mark.parametrize(
    ("name", "host", "answers"),
    [
        ("www.mech.is", "www.mech.is", True),
        ("www", "www.mech.is", True),
        ("www", "wwwx.mech.is", False),
        ("@", "mech.is", True),
        ("@", "www.mech.is", False),
        ("*.mech.is", "www.mech.is", True),
        ("*.mech.is", "mech.is", False),
        ("mech.is", "www.mech.is", False),
    ],
)
def test_for_which_hosts_a_record_answers(name: str, host: str, answers: bool) -> None:
    for type, key in (("dnsRecord:DnsRecord", "content"), ("record:Record", "value")):
        props = {"type": "A", "name": name, key: "192.0.2.7"}
        (record,) = records(Stack([Resource(f"cloudflare:index/{type}", "r", props)]))
        assert (record.answers(host), record.content) == (answers, "192.0.2.7")


def test_rules_that_are_off_do_nothing_and_page_rules_are_rules() -> None:
    rules = [{"action": "block", "expression": "true", "enabled": False}, {"action": "log", "expression": "ssl"}, LATER]
    stack = Stack([
        Resource("cloudflare:index/ruleset:Ruleset", "r", {"phase": "p", "rules": rules}),
        Resource("cloudflare:index/pageRule:PageRule", "page", {"target": "https://*.mech.is/*", "actions": {"cacheLevel": "x"}}),
    ])  # fmt: skip
    assert [one.action for one in acting(stack, "p")] == ["log"]
    (page,) = acting(stack, "page")
    assert (page.of(HOST), page.of("mech.example"), page.get("cache_level")) == (True, None, "x")
