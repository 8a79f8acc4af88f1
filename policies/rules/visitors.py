"""Visitors: no rule of the edge turns all of them away, sends them in circles, or shows one what another asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.family import Family
from policies.model import Finding, Stack
from policies.reading.edge import Acting, acting, records, setting
from policies.reading.nginx import nginx
from policies.reading.platform import is_platform, is_service

rule = Family("edge")
_REFUSES = ("block", "challenge", "js_challenge", "managed_challenge")
_ANY = "visitor.example"  # a host that no rule names
_ZONE = "cloudflare:index/zone:Zone"


def _hosts(stack: Stack) -> list[str]:
    """The names that visitors ask for: of nginx, and of proxied records."""
    proxy = nginx(stack)
    named = {one.name for one in records(stack) if one.is_named and "." in one.name and one.name[0] not in "*_"}
    return sorted(named | (proxy.names if proxy else set()))


@rule(
    "edge-everybody-blocked",
    title="The edge lets visitors in",
    symptom="403 and challenges from the edge for everybody",
    fix="name whom to refuse in the rule's expression (mech:edge.blocked takes addresses and networks)",
    severity="critical",
)
def everybody_blocked(stack: Stack) -> Iterator[Finding]:
    may_pass = False  # a rule before lets some through, as where only an office gets in
    for one in acting(stack, "http_request_firewall_custom"):
        if one.action == "skip":
            may_pass = True
        elif one.action in _REFUSES and not may_pass:
            yield from _refused(stack, one)
    if is_platform(stack):
        for level in setting(stack, "security_level"):
            if level.value == "under_attack":
                yield Finding("the security level under_attack challenges every client of an API", level.resource)


def _refused(stack: Stack, one: Acting) -> Iterator[Finding]:
    does = "blocks" if one.action == "block" else "challenges"
    if one.of(_ANY):
        yield Finding(f"{one.resource.name} {does} everybody", one.resource)
        return
    # A browser passes a challenge, a client of an API does not.
    named = [host for host in _hosts(stack) if one.of(host) and (one.action == "block" or is_service(host))]
    if named:
        yield Finding(f"{one.resource.name} {does} everybody who asks for {', '.join(named)}", one.resource)


@rule(
    "edge-redirect-rule-loop",
    title="Redirect rules end",
    symptom="ERR_TOO_MANY_REDIRECTS",
    fix="leave the target's host out of the rule's expression",
    severity="critical",
)
def redirect_rule_loop(stack: Stack) -> Iterator[Finding]:
    for one in acting(stack, "http_request_dynamic_redirect", "page"):
        for host in {
            *_hosts(stack),
            *re.findall(r"\"([\w-]+(?:\.[\w-]+)+)\"", one.expression),
            _target(one, _ANY) or _ANY,
        }:
            to = _target(one, host)
            if to and one.of(host) and one.of(to) and _target(one, to) == to:
                yield Finding(f"{one.resource.name} sends https://{to}/ to itself, for ever", one.resource)
                break


def _target(one: Acting, host: str) -> str | None:
    """The host to which a redirect leads who asks for `host`; None for what is no redirect, or cannot be read."""
    literal = one.get("from_value", "target_url", "value") or one.get("forwarding_url", "url")
    said = one.get("from_value", "target_url", "expression")
    if isinstance(literal, str):
        found = re.match(r"https?://([\w.-]+)(?:[/:?]|$)", literal)
        return found[1].lower() if found else None
    if isinstance(said, str):
        if re.match(r"concat\(\s*\"https?://\"\s*,\s*http\.host\s*,", said):
            return host
        found = re.match(r"concat\(\s*\"https?://([\w.-]+)/?\"\s*,", said)
        return found[1].lower() if found else None
    return None


@rule(
    "edge-cached-api",
    title="Answers of services are not cached",
    symptom="one client gets another's answer, or yesterday's",
    fix="let the cache rule leave out the services' hosts",
    severity="high",
)
def cached_api(stack: Stack) -> Iterator[Finding]:
    if not is_platform(stack):
        return
    for one in acting(stack, "http_request_cache_settings", "page"):
        caches = one.get("cache") is True or one.get("cache_level") == "cache_everything"
        named = [host for host in _hosts(stack) if is_service(host) and one.of(host)] if caches else []
        if named:
            yield Finding(f"{one.resource.name} caches all that {', '.join(named)} answer", one.resource)


@rule(
    "edge-paused",
    title="The zone is not paused",
    symptom="the host's address is public, and visitors get its own certificate",
    fix="set paused to false on the zone",
    severity="high",
)
def paused(stack: Stack) -> Iterator[Finding]:
    for zone in stack.of(_ZONE):
        if zone.get("paused") is True:
            yield Finding(f"{zone.name} is paused: Cloudflare answers DNS only", zone)


@rule(
    "edge-development-mode",
    title="Development mode is off",
    symptom="no cache for three hours, and a preview that is never clean after them",
    fix="remove the setting: development mode ends by itself",
    severity="low",
    level="advisory",
)
def development_mode(stack: Stack) -> Iterator[Finding]:
    for one in setting(stack, "development_mode"):
        if one.value == "on":
            yield Finding("development mode is declared, which Cloudflare ends after three hours", one.resource)
