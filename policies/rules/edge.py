"""Edge: SSL mode that fits the origin, and HTTPS for everybody (guide, Issue 3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.family import Family
from policies.model import ORIGIN_CA, Finding, Resource, Stack
from policies.reading.commands import scripts
from policies.reading.containers import containers, published
from policies.reading.edge import acting, only_tunnels, records, setting
from policies.reading.nginx import Nginx, nginx
from policies.reading.nginx.loops import loops
from policies.reading.platform import is_platform
from policies.reading.redirecting import redirecting

rule = Family("edge")


def _modes(stack: Stack) -> list[tuple[Resource, str]]:
    """The declared SSL modes, of the zone and of rules: with who declares each. Raises Unjudged."""
    rules = acting(stack, "http_config_settings", "page")
    return [
        *((one.resource, str(one.value)) for one in setting(stack, "ssl")),
        *((one.resource, one.get("ssl")) for one in rules if isinstance(one.get("ssl"), str)),
    ]


def _mode(stack: Stack, *modes: str) -> tuple[Resource, str] | None:
    return next((found for found in _modes(stack) if found[1] in modes), None)


def _undeclared(stack: Stack) -> Resource | None:
    """The record that a missing setting of the zone matters to; None where the zone is no platform's."""
    return records(stack)[0].resource if records(stack) and is_platform(stack) else None


@rule(
    "edge-ssl-mode",
    title="The SSL mode is a good one",
    symptom="plain HTTP to visitors, or handshake errors",
    fix="set mech:edge.ssl to flexible, full or strict",
    severity="critical",
)
def ssl_mode(stack: Stack) -> Iterator[Finding]:
    for resource, mode in _modes(stack):
        if mode not in ("flexible", "full", "strict", "origin_pull"):
            yield Finding(f"the SSL mode is {mode}", resource)
    record = _undeclared(stack)
    if record and not setting(stack, "ssl"):
        yield Finding("the SSL mode is not declared: it is whatever the dashboard says", record)


@rule(
    "edge-redirect-loop",
    title="No redirect loop",
    symptom="ERR_TOO_MANY_REDIRECTS on every service",
    fix="set mech:proxy.redirectToHttps to false, or mech:edge.ssl to full or strict",
    severity="critical",
)
def redirect_loop(stack: Stack) -> Iterator[Finding]:
    for resource, mode in _modes(stack):
        if mode == "flexible" and any("--redirect" in words for words in _certbot(stack)):
            yield Finding("SSL mode flexible with an origin that certbot lets redirect HTTP to HTTPS", resource)
    if any(mode == "flexible" for _, mode in _modes(stack)):
        for owner, name in redirecting(stack):
            yield Finding(f"SSL mode flexible with {name}, which redirects HTTP to HTTPS", owner)
    proxy = nginx(stack)
    if proxy is None:
        return
    here = {
        record.name for record in records(stack) if record.is_named and record.resource.props.get("proxied") is True
    }
    modes = [found for found in _modes(stack) if found[1] in ("flexible", "full", "strict")]
    first = {tls: next(loops(proxy, tls, here), None) for tls in {mode != "flexible" for _, mode in modes}}
    for resource, mode in modes:
        found = first[mode != "flexible"]
        if found and mode == "flexible":
            yield Finding("SSL mode flexible with an origin that redirects HTTP to HTTPS", resource)
        elif found:
            yield Finding(f"nginx sends {found.address} to itself, for ever", proxy.owner(found.by))


def _certbot(stack: Stack) -> Iterator[tuple[str, ...]]:
    """Its runs that change nginx's config: they let it listen on 443, with a certificate."""
    for script in scripts(stack):
        for act in script.trace.of("certbot"):
            if "--nginx" in act.argv and "certonly" not in act.argv:
                yield act.argv


def _asked(stack: Stack, port: int) -> Nginx | None:
    """nginx, where it is who answers on a port: no container publishes it, no tunnel goes past it. Raises Unjudged."""
    if only_tunnels(stack):
        return None
    proxy = nginx(stack)
    others = [one for one in containers(stack) if one.sure and (proxy is None or one is not proxy.container)]
    return None if port in (number for one in others for _, number, _ in published(one)) else proxy


@rule(
    "edge-no-tls-origin",
    title="Full and strict have a TLS origin",
    symptom="521 or 525 on every service",
    fix="let nginx listen on 443 with a certificate (mech:certificate), or set mech:edge.ssl to flexible",
    severity="critical",
)
def no_tls_origin(stack: Stack) -> Iterator[Finding]:
    found = _mode(stack, "full", "strict")
    proxy = _asked(stack, 443) if found else None
    if found is None or proxy is None or any(_certbot(stack)):
        return
    tls = [server for server in proxy.servers if server.listens_on(443, ssl=True)]
    if not tls:
        proxy.whole()
        yield Finding(f"SSL mode {found[1]} and nobody listens with TLS on 443", proxy.resource)
    elif not any(server.held("ssl_certificate") for server in tls):
        proxy.whole()
        yield Finding(f"SSL mode {found[1]} and nginx has no certificate", proxy.owner(tls[0].directive))


@rule(
    "edge-no-plain-origin",
    title="Flexible has an origin on 80",
    symptom="521 on every service",
    fix="let nginx listen on 80, or set mech:edge.ssl to full",
    severity="critical",
)
def no_plain_origin(stack: Stack) -> Iterator[Finding]:
    found = _mode(stack, "flexible")
    proxy = _asked(stack, 80) if found else None
    if found and proxy and not any(server.listens_on(80) and not server.is_internal for server in proxy.servers):
        proxy.whole()
        yield Finding("SSL mode flexible and nobody listens on 80", proxy.resource)


@rule(
    "edge-strict-self-signed",
    title="Strict has a certificate that verifies",
    symptom="526 on every service",
    fix="set mech:certificate.source to origin-ca, or mech:edge.ssl to full",
    severity="critical",
)
def strict_self_signed(stack: Stack) -> Iterator[Finding]:
    found = _mode(stack, "strict")
    if found is None or stack.of(ORIGIN_CA) or any(_certbot(stack)):
        return
    made = [act for script in scripts(stack) for act in script.trace.of("openssl") if {"req", "-x509"} <= {*act.argv}]
    proxy = nginx(stack)
    # Another certificate is in use where nginx is told of one that nobody made here.
    other = proxy and any(
        "letsencrypt" in one.value for server in proxy.servers for one in server.held("ssl_certificate")
    )
    if made and not other:
        yield Finding("SSL mode strict with a self-signed certificate", found[0])


@rule(
    "edge-http-allowed",
    title="Always Use HTTPS is on",
    symptom="services answer over plain HTTP; mixed content warnings",
    fix="set mech:edge.alwaysUseHttps to true",
    sets={"mech:edge.alwaysUseHttps": True},
    severity="high",
)
def http_allowed(stack: Stack) -> Iterator[Finding]:
    declared = setting(stack, "always_use_https")
    for one in declared:
        if one.value != "on":
            yield Finding(f"Always Use HTTPS is {one.value}", one.resource)
    record = _undeclared(stack)
    if record and not declared:
        yield Finding("Always Use HTTPS is not declared", record)


@rule(
    "edge-old-tls",
    title="At least TLS 1.2",
    symptom="old clients get in with broken ciphers",
    fix="set mech:edge.minTlsVersion to 1.2 or 1.3",
    sets={"mech:edge.minTlsVersion": "1.2"},
    severity="medium",
)
def old_tls(stack: Stack) -> Iterator[Finding]:
    declared = setting(stack, "min_tls_version")
    for one in declared:
        if one.value not in ("1.2", "1.3"):
            yield Finding(f"the minimum TLS version is {one.value}", one.resource)
    record = _undeclared(stack)
    if record and not declared:
        yield Finding("the minimum TLS version is not declared (Cloudflare's default is 1.0)", record)
