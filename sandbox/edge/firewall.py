"""Custom rules of a zone (phase http_request_firewall_custom), judged in their order.

Source: developers.cloudflare.com/ruleset-engine/rules-language/actions/.
"""

from __future__ import annotations

import functools
import logging
from ipaddress import ip_address
from typing import Literal

from aiohttp import web

from .expression import Expression, Facts, parse
from .literals import ExpressionError
from .view import Zone

Verdict = Literal["pass", "block", "challenge"]
COUNTRY = "XX"  # what Cloudflare says for an address without a country
_CHALLENGES = frozenset({"managed_challenge", "js_challenge", "challenge"})

log = logging.getLogger(__name__)


@functools.lru_cache(maxsize=1024)
def _compiled(text: str) -> Expression | None:
    try:
        return parse(text)
    except ExpressionError as error:
        # Cached, so that a rule is complained about once and not at each request.
        log.warning("edge: a firewall rule is not evaluated: %s in %r", error, text[:200])
        return None


def judge(zone: Zone, values: Facts) -> Verdict:
    """The first rule that matches and ends the phase decides; a rule that cannot be read decides nothing."""
    for rule in zone.rules:
        if not rule.enabled:
            continue
        expression = _compiled(rule.expression)
        if expression is None or not expression(values):
            continue
        if rule.action == "block":
            return "block"
        if rule.action in _CHALLENGES:
            return "challenge"
        if rule.action == "skip":
            return "pass"  # skips what is left of this ruleset
        if rule.action != "log":
            log.warning("edge: firewall action %r is not covered; the rule has no effect", rule.action)
    return "pass"


def facts(request: web.BaseRequest, host: str, scheme: str, client: str) -> Facts:
    """The values that expressions may ask for."""
    headers = request.headers
    path, _, query = request.raw_path.partition("?")
    return {
        "ip.src": ip_address(client),
        "ip.src.country": COUNTRY,
        "ip.geoip.country": COUNTRY,
        "http.host": host,
        "http.request.method": request.method,
        "http.request.uri": request.raw_path,
        "http.request.uri.path": path,
        "http.request.uri.query": query,
        "http.request.full_uri": f"{scheme}://{host}{request.raw_path}",
        "http.request.version": f"HTTP/{request.version.major}.{request.version.minor}",
        "http.user_agent": headers.get("User-Agent", ""),
        "http.referer": headers.get("Referer", ""),
        "http.cookie": headers.get("Cookie", ""),
        "http.x_forwarded_for": headers.get("X-Forwarded-For", ""),
        "ssl": scheme == "https",
        "cf.edge.server_port": 443 if scheme == "https" else 80,
    }
