"""Edge: SSL mode that fits the origin, records that lead to the host (guide, Issue 3 and DNS)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.family import Family, puts
from policies.model import (
    INSTANCE,
    ORIGIN_CA,
    RECORD,
    RESERVED_IP,
    SETTING,
    UNKNOWN,
    Finding,
    Resource,
    Stack,
    Unjudged,
    each,
)
from policies.reading.nginx import nginx

rule = Family("edge")


def _setting(stack: Stack, id: str) -> tuple[Resource, Any] | None:
    for setting in stack.of(SETTING):
        if setting.text("settingId") == id:
            return setting, setting.get("value")
    return None


@rule(
    "edge-ssl-mode",
    title="The SSL mode is a good one",
    symptom="plain HTTP to visitors, or handshake errors",
    fix="set mech:edge.ssl to flexible, full or strict",
    severity="critical",
)
def ssl_mode(stack: Stack) -> Iterator[Finding]:
    found = _setting(stack, "ssl")
    if found and found[1] not in ("flexible", "full", "strict"):
        yield Finding(f"the SSL mode is {found[1]}", found[0])
    elif not found and stack.of(RECORD):
        yield Finding("the SSL mode is not declared: it is whatever the dashboard says", stack.of(RECORD)[0])


@rule(
    "edge-redirect-loop",
    title="No redirect loop",
    symptom="ERR_TOO_MANY_REDIRECTS on every service",
    fix="set mech:proxy.redirectToHttps to false, or mech:edge.ssl to full or strict",
    severity="critical",
)
def redirect_loop(stack: Stack) -> Iterator[Finding]:
    found, proxy = _setting(stack, "ssl"), nginx(stack)
    if not found or found[1] != "flexible" or proxy is None:
        return
    for server in proxy.servers:
        plain = re.search(r"listen\s+(?:\S+:)?80\b(?!.*ssl)", server)
        if plain and re.search(r"return\s+30[1278]\s+https://", server):
            yield Finding("SSL mode flexible with an origin that redirects HTTP to HTTPS", found[0])
            return


@rule(
    "edge-no-tls-origin",
    title="Full and strict have a TLS origin",
    symptom="521 or 525 on every service",
    fix="let nginx listen on 443 with a certificate (mech:certificate), or set mech:edge.ssl to flexible",
    severity="critical",
)
def no_tls_origin(stack: Stack) -> Iterator[Finding]:
    found, proxy = _setting(stack, "ssl"), nginx(stack)
    if not found or found[1] not in ("full", "strict") or proxy is None:
        return
    if not re.search(r"^\s*listen\s+(?:\S+:)?443\b[^;]*\bssl\b", proxy.text, re.M):
        yield Finding(f"SSL mode {found[1]} and nobody listens with TLS on 443", proxy.resource)
    elif not re.search(r"^\s*ssl_certificate\s+\S+;", proxy.text, re.M):
        yield Finding(f"SSL mode {found[1]} and nginx has no certificate", proxy.resource)


@rule(
    "edge-no-plain-origin",
    title="Flexible has an origin on 80",
    symptom="521 on every service",
    fix="let nginx listen on 80, or set mech:edge.ssl to full",
    severity="critical",
)
def no_plain_origin(stack: Stack) -> Iterator[Finding]:
    found, proxy = _setting(stack, "ssl"), nginx(stack)
    if found and found[1] == "flexible" and proxy and not re.search(r"^\s*listen\s+(?:\S+:)?80\b", proxy.text, re.M):
        yield Finding("SSL mode flexible and nobody listens on 80", proxy.resource)


@rule(
    "edge-strict-self-signed",
    title="Strict has a certificate that verifies",
    symptom="526 on every service",
    fix="set mech:certificate.source to origin-ca, or mech:edge.ssl to full",
    severity="critical",
)
def strict_self_signed(stack: Stack) -> Iterator[Finding]:
    found = _setting(stack, "ssl")
    if not found or found[1] != "strict" or stack.of(ORIGIN_CA):
        return
    signed = [command for command in stack.commands() if "openssl req -x509" in command.text("create")]
    if signed:
        yield Finding("SSL mode strict with a self-signed certificate", found[0])


@rule(
    "edge-http-allowed",
    title="Always Use HTTPS is on",
    symptom="services answer over plain HTTP; mixed content warnings",
    fix="set mech:edge.alwaysUseHttps to true",
    severity="high",
)
def http_allowed(stack: Stack) -> Iterator[Finding]:
    if not stack.of(RECORD):
        return
    found = _setting(stack, "always_use_https")
    if found is None:
        yield Finding("Always Use HTTPS is not declared", stack.of(RECORD)[0])
    elif found[1] != "on":
        yield Finding(f"Always Use HTTPS is {found[1]}", found[0])


@rule(
    "edge-old-tls",
    title="At least TLS 1.2",
    symptom="old clients get in with broken ciphers",
    fix="set mech:edge.minTlsVersion to 1.2 or 1.3",
    severity="medium",
)
def old_tls(stack: Stack) -> Iterator[Finding]:
    if not stack.of(RECORD):
        return
    found = _setting(stack, "min_tls_version")
    if found is None:
        yield Finding("the minimum TLS version is not declared (Cloudflare's default is 1.0)", stack.of(RECORD)[0])
    elif found[1] not in ("1.2", "1.3"):
        yield Finding(f"the minimum TLS version is {found[1]}", found[0])


@rule(
    "edge-record-missing",
    title="Every service has a record",
    symptom="the service answers by IP but not by name (NXDOMAIN)",
    fix="declare an A record for every name that nginx serves",
    severity="critical",
)
def record_missing(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    there = {record.text("name") for record in stack.of(RECORD) if record.text("type") in ("A", "AAAA", "CNAME")}
    for name in sorted(one for one in proxy.names - there if not one.endswith(".internal")):
        if not any(star.startswith("*.") and name.endswith(star[1:]) for star in there):
            yield Finding(f"{name} has no A record", proxy.resource)


@rule.each(
    RECORD,
    "edge-grey-cloud",
    title="Records are proxied",
    symptom="the host's address is public, TLS errors on 443",
    fix="set proxied to true on the record",
    severity="high",
)
def grey_cloud(record: Resource) -> Iterator[str]:
    if record.text("type") in ("A", "AAAA", "CNAME") and record.get("proxied") is not True:
        yield f"{record.text('name')} is not proxied (grey cloud)"


@rule(
    "edge-wrong-address",
    title="Records lead to the host",
    symptom="522 or 523 though the host is well",
    fix="point the record to the host's reserved address",
    severity="critical",
)
def wrong_address(stack: Stack) -> Iterator[Finding]:
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


@rule(
    "edge-addresses-differ",
    title="All records lead to the same host",
    symptom="some services answer, others 522 or 523",
    fix="point every record to the host's reserved address",
    severity="critical",
)
def addresses_differ(stack: Stack) -> Iterator[Finding]:
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


@rule.each(
    RECORD,
    "edge-proxied-ttl",
    title="Proxied records have TTL 1",
    symptom="a preview that is never clean",
    fix="set ttl to 1 on the record",
    severity="low",
    remedy=puts(ttl=1),
)
def proxied_ttl(record: Resource) -> Iterator[str]:
    if record.get("proxied") is True and record.number("ttl") != 1:
        yield f"{record.text('name')} is proxied with TTL {record.get('ttl')}, Cloudflare makes it 1: an endless diff"
