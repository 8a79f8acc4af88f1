"""Edge: SSL mode that fits the origin, records that lead to the host (guide, Issue 3 and DNS)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.model import (
    INSTANCE,
    ORIGIN_CA,
    RECORD,
    RESERVED_IP,
    SETTING,
    UNKNOWN,
    Finding,
    Resource,
    Rule,
    Stack,
    Unjudged,
    each,
)  # fmt: skip
from policies.reading import nginx


def _setting(stack: Stack, id: str) -> tuple[Resource, Any] | None:
    for setting in stack.of(SETTING):
        if setting.text("settingId") == id:
            return setting, setting.get("value")
    return None


def _mode(stack: Stack) -> Iterator[Finding]:
    found = _setting(stack, "ssl")
    if found and found[1] not in ("flexible", "full", "strict"):
        yield Finding(f"the SSL mode is {found[1]}", found[0])
    elif not found and stack.of(RECORD):
        yield Finding("the SSL mode is not declared: it is whatever the dashboard says", stack.of(RECORD)[0])


def _loop(stack: Stack) -> Iterator[Finding]:
    found, proxy = _setting(stack, "ssl"), nginx(stack)
    if not found or found[1] != "flexible" or proxy is None:
        return
    for server in proxy.servers:
        plain = re.search(r"listen\s+(?:\S+:)?80\b(?!.*ssl)", server)
        if plain and re.search(r"return\s+30[1278]\s+https://", server):
            yield Finding("SSL mode flexible with an origin that redirects HTTP to HTTPS", found[0])
            return


def _listener(stack: Stack) -> Iterator[Finding]:
    found, proxy = _setting(stack, "ssl"), nginx(stack)
    if not found or found[1] not in ("full", "strict") or proxy is None:
        return
    if not re.search(r"^\s*listen\s+(?:\S+:)?443\b[^;]*\bssl\b", proxy.text, re.M):
        yield Finding(f"SSL mode {found[1]} and nobody listens with TLS on 443", proxy.resource)
    elif not re.search(r"^\s*ssl_certificate\s+\S+;", proxy.text, re.M):
        yield Finding(f"SSL mode {found[1]} and nginx has no certificate", proxy.resource)


def _plain(stack: Stack) -> Iterator[Finding]:
    found, proxy = _setting(stack, "ssl"), nginx(stack)
    if found and found[1] == "flexible" and proxy and not re.search(r"^\s*listen\s+(?:\S+:)?80\b", proxy.text, re.M):
        yield Finding("SSL mode flexible and nobody listens on 80", proxy.resource)


def _strict(stack: Stack) -> Iterator[Finding]:
    found = _setting(stack, "ssl")
    if not found or found[1] != "strict" or stack.of(ORIGIN_CA):
        return
    signed = [command for command in stack.commands() if "openssl req -x509" in command.text("create")]
    if signed:
        yield Finding("SSL mode strict with a self-signed certificate", found[0])


def _https(stack: Stack) -> Iterator[Finding]:
    if not stack.of(RECORD):
        return
    found = _setting(stack, "always_use_https")
    if found is None:
        yield Finding("Always Use HTTPS is not declared", stack.of(RECORD)[0])
    elif found[1] != "on":
        yield Finding(f"Always Use HTTPS is {found[1]}", found[0])


def _tls(stack: Stack) -> Iterator[Finding]:
    if not stack.of(RECORD):
        return
    found = _setting(stack, "min_tls_version")
    if found is None:
        yield Finding("the minimum TLS version is not declared (Cloudflare's default is 1.0)", stack.of(RECORD)[0])
    elif found[1] not in ("1.2", "1.3"):
        yield Finding(f"the minimum TLS version is {found[1]}", found[0])


def _record_for_each(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    there = {record.text("name") for record in stack.of(RECORD) if record.text("type") in ("A", "AAAA", "CNAME")}
    for name in sorted(one for one in proxy.names - there if not one.endswith(".internal")):
        if not any(star.startswith("*.") and name.endswith(star[1:]) for star in there):
            yield Finding(f"{name} has no A record", proxy.resource)


def _proxied(record: Resource) -> Iterator[str]:
    if record.text("type") in ("A", "AAAA", "CNAME") and record.get("proxied") is not True:
        yield f"{record.text('name')} is not proxied (grey cloud)"


def _address(stack: Stack) -> Iterator[Finding]:
    hosts = [h.get("subnet") for h in stack.of(RESERVED_IP)] or [i.get("mainIp") for i in stack.of(INSTANCE)]
    hosts = [host for host in hosts if host]
    if not hosts:
        if stack.of(RESERVED_IP) or stack.of(INSTANCE):
            raise Unjudged("the host's address")
        return

    def judge(record: Resource) -> Iterator[str]:
        if record.text("type") == "A" and record.text("content") not in hosts:
            yield f"{record.text('name')} points to {record.text('content') or 'nothing'}, the host is {hosts[0]}"

    yield from each(stack.of(RECORD), judge)


def _one_address(stack: Stack) -> Iterator[Finding]:
    """All A records agree, which can be judged before the host has an address."""
    contents: dict[str, Resource] = {}
    for record in stack.of(RECORD):
        if record.props.get("type") == "A" and record.props.get("content") is not UNKNOWN:
            contents.setdefault(record.text("content"), record)
    for content, record in list(contents.items())[1:]:
        yield Finding(f"{record.text('name')} points to {content}, other records elsewhere", record)
    if contents and any(record.props.get("content") is UNKNOWN for record in stack.of(RECORD)):
        written = next(iter(contents.values()))
        raise Unjudged(f"the address of the records beside {written.name}")


def _ttl(record: Resource) -> Iterator[str]:
    if record.get("proxied") is True and record.number("ttl") != 1:
        yield f"{record.text('name')} is proxied with TTL {record.get('ttl')}, Cloudflare makes it 1: an endless diff"


RULES = [
    Rule("edge-ssl-mode", "edge", "The SSL mode is a good one", "plain HTTP to visitors, or handshake errors",
         "set mech:edge.ssl to flexible, full or strict", "critical", judge_stack=_mode),
    Rule("edge-redirect-loop", "edge", "No redirect loop", "ERR_TOO_MANY_REDIRECTS on every service",
         "set mech:proxy.redirectToHttps to false, or mech:edge.ssl to full or strict", "critical", judge_stack=_loop),
    Rule("edge-no-tls-origin", "edge", "Full and strict have a TLS origin", "521 or 525 on every service",
         "let nginx listen on 443 with a certificate (mech:certificate), or set mech:edge.ssl to flexible", "critical", judge_stack=_listener),
    Rule("edge-no-plain-origin", "edge", "Flexible has an origin on 80", "521 on every service",
         "let nginx listen on 80, or set mech:edge.ssl to full", "critical", judge_stack=_plain),
    Rule("edge-strict-self-signed", "edge", "Strict has a certificate that verifies", "526 on every service",
         "set mech:certificate.source to origin-ca, or mech:edge.ssl to full", "critical", judge_stack=_strict),
    Rule("edge-http-allowed", "edge", "Always Use HTTPS is on", "services answer over plain HTTP; mixed content warnings",
         "set mech:edge.alwaysUseHttps to true", "high", judge_stack=_https),
    Rule("edge-old-tls", "edge", "At least TLS 1.2", "old clients get in with broken ciphers",
         "set mech:edge.minTlsVersion to 1.2 or 1.3", "medium", judge_stack=_tls),
    Rule("edge-record-missing", "edge", "Every service has a record", "the service answers by IP but not by name (NXDOMAIN)",
         "declare an A record for every name that nginx serves", "critical", judge_stack=_record_for_each),
    Rule("edge-grey-cloud", "edge", "Records are proxied", "the host's address is public, TLS errors on 443",
         "set proxied to true on the record", "high", type=RECORD, judge_one=_proxied),
    Rule("edge-wrong-address", "edge", "Records lead to the host", "522 or 523 though the host is well",
         "point the record to the host's reserved address", "critical", judge_stack=_address),
    Rule("edge-addresses-differ", "edge", "All records lead to the same host", "some services answer, others 522 or 523",
         "point every record to the host's reserved address", "critical", judge_stack=_one_address),
    Rule("edge-proxied-ttl", "edge", "Proxied records have TTL 1", "a preview that is never clean",
         "set ttl to 1 on the record", "low", type=RECORD, judge_one=_ttl, remedy=lambda props: {**props, "ttl": 1}),
]  # fmt: skip
