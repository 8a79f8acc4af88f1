"""Cloudflare's settings of the zone, and rules of others."""

from __future__ import annotations

from collections.abc import Iterator

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look


@cause(
    "SSL_MODE",
    "Cloudflare's SSL mode is {there}, declared {declared}",
    layer="edge",
    visitor="521, 525 or 526, or endless redirects",
    guide="Issue 3: SSL/TLS Certificate Errors",
    reads=("zone.settings",),
    fix="pulumi up",
    key="mech:edge.ssl",
    rules=(
        "edge-ssl-mode",
        "edge-no-tls-origin",
        "edge-no-plain-origin",
        "edge-strict-self-signed",
    ),
)
def ssl_mode(look: Look) -> Iterator[Found]:
    there, wanted = look.fact("zone.settings").get("ssl"), look.declared["settings"].get("ssl")
    if there and wanted and there != wanted:
        yield Found(tuple(look.services), {"there": there, "declared": wanted}, (f"zone setting ssl: {there}",))


@cause(
    "ZONE_SETTING",
    "Cloudflare's setting {name} is {there}, declared {declared}",
    layer="edge",
    visitor="it depends on which",
    guide="Issue 3: SSL/TLS Certificate Errors",
    reads=("zone.settings",),
    fix="pulumi up",
    rules=(
        "edge-http-allowed",
        "edge-old-tls",
    ),
)
def setting(look: Look) -> Iterator[Found]:
    there = look.fact("zone.settings")
    for name, wanted in look.declared["settings"].items():
        if name != "ssl" and name in there and there[name] != wanted:
            yield Found(
                (), {"name": name, "there": there[name], "declared": wanted}, (f"zone setting {name}: {there[name]}",)
            )


@cause(
    "ZONE_PAUSED",
    "the zone is paused at Cloudflare: names lead to the host itself",
    layer="edge",
    visitor="a warning about the certificate, no cache, no protection",
    guide="public reports: paused zone",
    reads=("zone.zone",),
    fix="Cloudflare's dashboard: Overview, Enable Cloudflare on Site",
    floor="degraded",
)
def paused(look: Look) -> Iterator[Found]:
    if look.fact("zone.zone")["paused"]:
        yield Found(tuple(look.services), {}, ("zone.paused",))


@cause(
    "ZONE_NOT_ACTIVE",
    "the zone is {status} at Cloudflare, not active",
    layer="edge",
    visitor="the name is not known, or no edge",
    guide="DNS Propagation Issues",
    reads=("zone.zone",),
    fix="the registrar's name servers must be those that Cloudflare names for the zone",
    floor="degraded",
)
def not_active(look: Look) -> Iterator[Found]:
    if (status := look.fact("zone.zone")["status"]) != "active":
        yield Found(tuple(look.services), {"status": status}, (f"zone.status {status}",))


@cause(
    "UNDER_ATTACK_MODE",
    "the zone is in Under Attack mode: each visitor is challenged, and programs cannot answer that",
    layer="edge",
    visitor="403 and a page that wants JavaScript",
    guide="public reports: under attack mode",
    reads=("zone.settings",),
    fix="Cloudflare's dashboard: Security, Settings, Security Level medium",
    floor="degraded",
)
def under_attack(look: Look) -> Iterator[Found]:
    if look.fact("zone.settings").get("security_level") == "under_attack":
        yield Found(tuple(look.services), {}, ("zone setting security_level: under_attack",))


@cause(
    "DEVELOPMENT_MODE",
    "the zone is in Development Mode: nothing is cached",
    layer="edge",
    visitor="slower answers",
    guide="public reports: development mode",
    reads=("zone.settings",),
    fix="it ends by itself after three hours",
    floor="notice",
)
def development(look: Look) -> Iterator[Found]:
    if (
        look.fact("zone.settings").get("development_mode") == "on"
        and "development_mode" not in look.declared["settings"]
    ):
        yield Found((), {}, ("zone setting development_mode: on",))


@cause(
    "RULESET_FOREIGN",
    'the ruleset "{name}" ({phase}) of others acts on our visitors',
    layer="edge",
    visitor="403 or a challenge for some, or for all",
    guide="by drift",
    reads=(
        "zone.rulesets",
        "edge.answers",
        "host.answers",
    ),
    fix="Cloudflare's dashboard: Security, WAF",
    floor="risk",
)
def foreign_ruleset(look: Look) -> Iterator[Found]:
    refused = {name for name in look.failing if look.views[name].edge.code in (403, 429, 503)}
    for ruleset in look.fact("zone.rulesets"):
        if ruleset.get("kind") == "zone" and ruleset.get("name") != "mech: blocked clients":
            shows = (f"ruleset {ruleset['name']}",)
            yield Found(tuple(sorted(refused)), {"name": ruleset["name"], "phase": ruleset["phase"]}, shows)
