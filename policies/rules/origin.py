"""The origin: reached by the edge, all of it, and by nobody else where that is wanted (guide, Issue 1)."""

from __future__ import annotations

from collections.abc import Iterator

from mech_infra.catalogue import SERVICE_PORTS
from policies.family import Family
from policies.model import GROUP_RULE, RECORD, Finding, Stack
from policies.reading import origin
from policies.reading.edge import Record, balanced, by_tunnel
from policies.reading.ufw import shown, ufw

rule = Family("firewall")
_KEY = "mech:firewall"
_WEB = (80, 443)


@rule(
    "firewall-origin-open",
    title="Nobody reaches the host but by Cloudflare",
    symptom="who knows the host's address goes round Cloudflare's TLS, block list and attack protection",
    fix=f"set {_KEY}.webFrom to cloudflare, and {_KEY}.exposeServicePorts to false",
    sets={f"{_KEY}.webFrom": "cloudflare", f"{_KEY}.exposeServicePorts": False},
    severity="medium",
    level="advisory",
)
def origin_open(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if found is None or not _proxied(stack):
        return
    ports = [
        shown(opened)
        for opened in (*(range(port, port + 1) for port in _WEB), SERVICE_PORTS)
        if origin.everybody(found.sources(opened[0]))
        and (not stack.of(GROUP_RULE) or origin.everybody(origin.group(stack, opened[0])))
    ]
    if ports:
        yield Finding(f"{', '.join(ports)} answer everybody, though the records are proxied", found.resource)


@rule(
    "firewall-edge-shut-out",
    title="All of Cloudflare's ranges are let in",
    symptom="522 from the edge, for some visitors or for all",
    fix=f"let in all ranges of https://www.cloudflare.com/ips, as {_KEY}.webFrom cloudflare does, or everybody",
    severity="critical",
)
def edge_shut_out(stack: Stack) -> Iterator[Finding]:
    found = ufw(stack)
    if not _proxied(stack):
        return
    edge = origin.ranges(stack)
    for port in _WEB:
        if found and (lost := origin.lacking(edge, found.sources(port))):
            yield Finding(f"{found.tool} lets some in at {port}/tcp, and not Cloudflare from {lost}", found.resource)
        if lost := origin.lacking(edge, origin.group(stack, port)):
            first = stack.of(GROUP_RULE)[0]
            yield Finding(f"Vultr's firewall group lets some in at {port}/tcp, and not Cloudflare from {lost}", first)


def _proxied(stack: Stack) -> bool:
    return not balanced(stack) and any(
        record.get("proxied") is True and not by_tunnel(Record(record, record.text("type")))
        for record in stack.of(RECORD)
    )
