"""The Rules language: what it reads, what it means, and that it fails in one way only."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.edge.expression import FIELDS, parse
from sandbox.edge.literals import ExpressionError

FACTS = {
    "ip.src": ip_address("203.0.113.7"), "ip.src.country": "XX", "ip.geoip.country": "XX", "http.host": "llm.mech.is",
    "http.request.method": "POST", "http.request.uri": "/v1/Chat?x=1", "http.request.uri.path": "/v1/Chat",
    "http.request.uri.query": "x=1", "http.request.full_uri": "https://llm.mech.is/v1/Chat?x=1",
    "http.request.version": "HTTP/1.1", "http.user_agent": "curl/8", "http.referer": "", "http.cookie": "",
    "http.x_forwarded_for": "", "ssl": True, "cf.edge.server_port": 443,
}  # fmt: skip


def test_the_facts_cover_every_field() -> None:
    assert set(FACTS) == set(FIELDS)


@pytest.mark.parametrize("text", [
    "ip.src eq 203.0.113.7",
    "ip.src in {198.51.100.1 203.0.113.0/24 2001:db8::/32}",
    "ip.src in {203.0.113.1..203.0.113.9}",
    "not ip.src in {10.0.0.0/8 ::1}",
    "(ip.src ne 10.0.0.1)",
    'http.host eq "llm.mech.is" and not http.request.method in {"GET" "HEAD"}',
    'http.host == "llm.mech.is"&&http.request.method!="GET"',
    'http.request.uri.path contains "/Chat"',
    'lower(http.request.uri.path) contains "chat"',
    'http.request.uri.path matches "^/v[0-9]/"',
    'http.request.uri.path ~ r#"^/v\\d/Chat$"#',
    'http.request.uri.path wildcard "/V1/*"',
    'not http.request.uri.path strict wildcard "/V1/*"',
    'starts_with(http.request.uri.path, "/v1") and ends_with(http.host, ".is")',
    "len(http.host) eq 11 and len(http.host) ge 11",
    "ssl and cf.edge.server_port in {80 440..450}",
    "not not ssl",
    "!ssl or ssl",
    "ssl xor not ssl",
    # and before xor before or
    'http.host eq "x" and http.host eq "y" or ssl',
    'ssl or ssl xor ssl',
    'not http.host eq "x" and ssl',
    'http.user_agent ne "say \\"hi\\" \\\\ \\x41"',
])  # fmt: skip
def test_true(text: str) -> None:
    assert parse(text)(FACTS) is True


@pytest.mark.parametrize("text", [
    "ip.src eq 203.0.113.8",
    "ip.src in {2001:db8::/32 203.0.113.8..203.0.113.20}",
    'http.host eq "LLM.mech.is"',
    'http.request.uri.path wildcard "/v1"',
    "not ssl",
    'ssl and (http.host eq "x" or http.host eq "y")',
    "ssl xor ssl",
    "cf.edge.server_port lt 443",
])  # fmt: skip
def test_false(text: str) -> None:
    assert parse(text)(FACTS) is False


@pytest.mark.parametrize(("text", "part"), [
    ("", "expected a field"),
    ("cf.threat_score gt 10", "unknown field 'cf.threat_score'"),
    ("ip.src in $office", "cannot read '$office'"),
    ("ip.src eq 203.0.113.0/24", "not an IP address"),
    ("ip.src eq \"203.0.113.7\"", "type ip"),
    ("http.host eq llm", 'expected a "string"'),
    ("http.host", "expected a comparison"),
    ("ssl eq true", "stands alone"),
    ("ip.src lt 1.1.1.1", "lt does not compare"),
    ("ip.src in {}", "at least one"),
    ("ip.src in {1.1.1.1", "expected a value"),
    ("ip.src in {9.9.9.9..1.1.1.1}", "not a range"),
    ('http.host matches "("', "not a regular expression"),
    ('http.host wildcard "**"', "** is not allowed"),
    ('http.host eq "a" http.host', "expected and, or"),
    ("(ssl", "expected ')'"),
    ("((((" * 20 + "ssl" + "))))" * 20, "nested deeper"),
    ("ssl and " * 600 + "ssl", "longer than 4096"),
    ("ssl AND ssl", "expected and, or"),
])  # fmt: skip
def test_errors_say_what_and_where(text: str, part: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert part in str(caught.value)


WORDS = st.sampled_from([
    *FIELDS, "eq", "ne", "==", "!=", "lt", "in", "contains", "matches", "~", "wildcard", "strict", "and", "or", "xor",
    "not", "!", "&&", "(", ")", "{", "}", "..", ",", "lower", "len", "starts_with", '"a"', '"*"', 'r"("', 'r#"x"#',
    "1.2.3.4", "1.2.3.0/24", "::1", "1..5", "443", "-1", "$list", '"', "\\", "99999999999999999999", "[*]",
])  # fmt: skip


@given(st.text(max_size=200) | st.lists(WORDS, max_size=25).map(" ".join))
def test_parse_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError:
        return
    assert expression(FACTS) in (True, False)


LEAVES = st.sampled_from(
    [("ssl", True), ("not ssl", False), ("ip.src in {10.0.0.0/8}", False), ("len(http.host) gt 1", True)]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]}) and ({p[1][0]})", p[0][1] and p[1][1])),
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]}) or ({p[1][0]})", p[0][1] or p[1][1])),
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]}) xor ({p[1][0]})", p[0][1] != p[1][1])),
        inner.map(lambda p: (f"not ({p[0]})", not p[1])),
    ),
    max_leaves=12,
)


@given(TREES)
def test_logic_agrees_with_python(tree: tuple[str, bool]) -> None:
    assert parse(tree[0])(FACTS) is tree[1]
