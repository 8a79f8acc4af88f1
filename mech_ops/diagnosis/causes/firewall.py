"""UFW in every direction, and what stands beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from mech_infra.commands.firewall import INSIDE, WEB
from mech_infra.commands.private import CIDR
from mech_infra.commands.swarm import BRIDGE
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Drift, Look

_DROPS = re.compile(r"-A (?:INPUT|OUTPUT|FORWARD|DOCKER-USER) (?:.* )?-j (?:DROP|REJECT)")
# Docker's own, by which tasks of one host do not reach each other but by the network between hosts.
_DOCKERS = f"-A FORWARD -i {BRIDGE} -o {BRIDGE} -j DROP"
_INSIDE = {allow.source for allow in INSIDE}
_ENTRANCES = {"flexible": "80", "off": "80"}


def entrance(look: Look) -> str:
    """The port by which the edge comes in: SSL mode flexible speaks HTTP to the origin, the others HTTPS."""
    mode = (look.bundle.facts.get("zone") or {}).get("settings", {}).get("ssl") or look.declared["settings"].get(
        "ssl", ""
    )
    return _ENTRANCES.get(str(mode), "443")


def of_the_edge(item: Drift) -> bool:
    """Whether the rule lets in a range of Cloudflare's (mech:firewall.webFrom)."""
    return item.about.get("port") in WEB and item.about.get("source", "") not in ("", *_INSIDE)


@cause(
    "UFW_PORT_CLOSED",
    "UFW does not let {port}/tcp in: the rule is {there}",
    layer="firewall",
    visitor="522 after 19 s",
    guide="Issue 1: All Services Unreachable",
    reads=("drift.ufw-rule",),
    fix="pulumi up",
    key="mech:firewall",
    rules=(
        "firewall-http-closed",
        "firewall-ssh-lockout",
    ),
)
def port_closed(look: Look) -> Iterator[Found]:
    for item in look.drift("ufw-rule"):
        port = item.label.partition("/")[0]
        harmed = tuple(look.services) if port == entrance(look) else ()
        if item.about.get("source") in _INSIDE:
            harmed = tuple(name for name, about in look.services.items() if about["calls"])
        # What members let each other do is the swarm's matter.
        if not of_the_edge(item) and item.about.get("source") != CIDR:
            yield Found(harmed, {"port": port, "there": item.there}, (f"UFW: {item.label} {item.there}",))


@cause(
    "UFW_OFF",
    "UFW is {there}: every port of the host is open to the world",
    layer="firewall",
    visitor="nothing",
    guide="Issue 1: All Services Unreachable",
    reads=("drift.ufw-on",),
    fix="pulumi up",
    rules=("firewall-ufw-off",),
)
def off(look: Look) -> Iterator[Found]:
    for item in look.drift("ufw-on"):
        yield Found((), {"there": item.there}, ("ufw status",))


@cause(
    "UFW_ALLOWS_ALL",
    "UFW's default for incoming is {there}: what no rule names is open to the world",
    layer="firewall",
    visitor="nothing",
    guide="Issue 1: All Services Unreachable",
    reads=("drift.ufw-denies",),
    fix="pulumi up",
    rules=("firewall-default-allow",),
)
def allows_all(look: Look) -> Iterator[Found]:
    for item in look.drift("ufw-denies"):
        yield Found((), {"there": item.there}, ("ufw status verbose",))


@cause(
    "UFW_RULE_UNKNOWN",
    "UFW has rules that are not declared: {there}",
    layer="firewall",
    visitor="nothing, or 522 for some",
    guide="by drift",
    reads=("drift.ufw-only-declared",),
    fix="pulumi up",
    rules=("firewall-undeclared-port",),
)
def unknown_rule(look: Look) -> Iterator[Found]:
    for item in look.drift("ufw-only-declared"):
        yield Found((), {"there": item.there})


@cause(
    "DOCKER_BYPASSES_UFW",
    "ports that Docker publishes are not behind UFW: the guard is {there}",
    layer="firewall",
    visitor="nothing; strangers reach containers directly",
    guide="Issue 1: All Services Unreachable",
    reads=("drift.docker-guard",),
    fix="pulumi up",
    rules=("firewall-docker-bypass",),
)
def bypass(look: Look) -> Iterator[Found]:
    for item in look.drift("docker-guard"):
        yield Found((), {"there": item.there}, ("iptables -S DOCKER-USER",))


@cause(
    "UFW_DENIES_OUTGOING",
    "UFW denies what goes out ({policy}): the host and its containers reach nobody",
    layer="firewall",
    visitor="503 where a vendor is needed; images are not pulled",
    guide="public reports: default deny outgoing",
    reads=("host.filters", "host.chains"),
    fix="ufw default allow outgoing && ufw reload",
    floor="degraded",
)
def denies_outgoing(look: Look) -> Iterator[Found]:
    """Container traffic that is forwarded does not pass OUTPUT; nginx's to the containers does."""
    policy, chains = look.fact("host.filters")["output"], look.fact("host.chains")
    live = next((line for line in chains if re.match(r"-P OUTPUT (?:DROP|REJECT)", line)), "")
    if policy in ("DROP", "REJECT") or live:
        yield Found(
            tuple(look.services),
            {"policy": live or policy},
            (f"DEFAULT_OUTPUT_POLICY {policy}", live or "not loaded yet"),
        )


@cause(
    "UFW_DENIES_FORWARD",
    "UFW's rules deny what is forwarded to or from containers: `{rule}`",
    layer="firewall",
    visitor="502, or 503 where a vendor is needed",
    guide="public reports: ufw route",
    reads=("host.chains",),
    fix="ufw status numbered; ufw route delete NUMBER",
    floor="degraded",
)
def denies_forward(look: Look) -> Iterator[Found]:
    for line in look.fact("host.chains"):
        if re.match(r"-A ufw-user-forward .*-j (?:DROP|REJECT)", line):
            yield Found(tuple(look.services), {"rule": line}, (line,))


@cause(
    "UFW_BEFORE_RULES",
    "{path} is not as UFW's package brought it: its rules come before all others",
    layer="firewall",
    visitor="whatever they close",
    guide="public reports: before.rules",
    reads=(
        "host.filters",
        "edge.answers",
        "host.answers",
    ),
    fix="diff {path} /usr/share/ufw/iptables/{name}; put it back, then ufw reload",
)
def before_rules(look: Look) -> Iterator[Found]:
    for path in look.fact("host.filters")["before_edited"]:
        harmed = tuple(look.services) if look.failing else ()
        yield Found(harmed, {"path": path, "name": path.rpartition("/")[2]}, (f"{path} differs from its package's",))


@cause(
    "CHAIN_REJECTS",
    "iptables drops packets by a rule that is nobody's here: `{rule}`",
    layer="firewall",
    visitor="whatever it closes",
    guide="Issue 1: All Services Unreachable",
    reads=(
        "host.chains",
        "host.ufw",
        "drift.ufw-rule",
        "edge.answers",
        "host.answers",
    ),
    fix="iptables -D {spec}",
    floor="risk",
)
def chain_rejects(look: Look) -> Iterator[Found]:
    """In the chains that packets enter first; UFW's own rules and our guard before Docker's ports are others' matter."""
    left = Counter(look.fact("host.ufw")["after"].splitlines())  # the guard's own DROP may stand there once
    told = " ".join(
        item.there for item in look.drift("ufw-rule")
    )  # one that closes a port of ours has a cause of its own
    for line in reversed(look.fact("host.chains")):
        if _DROPS.match(line) and line != _DOCKERS:
            left[line] -= 1
            if left[line] < 0 and line not in told:
                yield Found(tuple(look.services) if look.failing else (), {"rule": line, "spec": line[3:]}, (line,))


@cause(
    "EDGE_BANNED",
    "fail2ban bans addresses of the edge ({addresses}): visitors are shut out with it",
    layer="firewall",
    visitor="521 or 522",
    guide="public reports: fail2ban and Cloudflare",
    reads=(
        "host.filters",
        "host.chains",
        "edge.answers",
        "host.answers",
    ),
    fix="fail2ban-client unban {addresses}; then ignoreip = Cloudflare's networks in /etc/fail2ban/jail.local",
)
def edge_banned(look: Look) -> Iterator[Found]:
    banned = {address for some in look.fact("host.filters")["banned"].values() for address in some}
    for line in look.fact("host.chains"):
        if match := re.match(r"-A f2b-\S+ -s (\S+) -j (?:REJECT|DROP)", line):
            banned.add(match.group(1).removesuffix("/32"))
    if banned and look.failing:
        yield Found(
            tuple(look.services), {"addresses": " ".join(sorted(banned))}, (f"banned: {', '.join(sorted(banned))}",)
        )


@cause(
    "UFW_IPV6_OPEN",
    "an IPv6 rule of UFW opens {port}: {rule}",
    layer="firewall",
    visitor="nothing; the database is open to the world",
    guide="public reports: v6 rules",
    reads=("host.filters",),
    fix="ufw status | grep v6; ufw delete the rule",
    floor="risk",
    rules=(
        "firewall-database-open",
        "data-published",
    ),
)
def ipv6_open(look: Look) -> Iterator[Found]:
    open_ = {"22", "80", "443", "3001:3010"}
    for rule in look.fact("host.filters")["rules6"]:
        words = rule["tuple"] if isinstance(rule, dict) else rule
        if words[0] == "allow" and words[2] not in open_:
            yield Found((), {"port": words[2], "rule": " ".join(words)}, (f"user6.rules: {' '.join(words)}",))


@cause(
    "RULES_FOREIGN",
    "{sentence}",
    layer="firewall",
    visitor="nothing",
    guide="by drift",
    reads=("host.told",),
    fix="remove it, or declare it",
    floor="risk",
    follows=("UFW_PORT_CLOSED", "UFW_RULE_UNKNOWN"),
)
def foreign(look: Look) -> Iterator[Found]:
    for said in look.told("UFW has the rule"):
        yield Found((), {"sentence": said})
