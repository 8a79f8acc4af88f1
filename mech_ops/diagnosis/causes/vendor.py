"""Keys, and those who gave them: what a service says of a dependency outside."""

from __future__ import annotations

from collections.abc import Iterator

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.causes.needs import said
from mech_ops.diagnosis.look import Look

_MISSING = r"missing (\w+)|(\w+) is not set"
_REFUSED = r"invalid api key|bad credentials|access denied|unauthorized|forbidden|signature"
_LIMIT = r"rate limit|too many requests|quota"
_SLOW = r"timeout|timed out|in time"
_OUTSIDE = (
    "NO_WAY_OUT",
    "FORWARDING_OFF",
    "NAT_GONE",
    "UFW_DENIES_OUTGOING",
    "UFW_DENIES_FORWARD",
    "CONTAINER_OFF_NETWORK",
    "NETWORK_INTERNAL",
    "DOCKER_NO_IPTABLES",
    "UFW_BEFORE_RULES",
    "CHAIN_REJECTS",
    "NETWORK_MISSING",
)


@cause(
    "KEY_MISSING",
    "{service} has no {key}: {word}",
    layer="vendor",
    visitor="503, or errors from what needs it",
    guide="mech-llms: API Key Errors",
    reads=("edge.answers", "host.answers"),
    fix="pulumi config set --secret mech:{key}, then pulumi up",
    key="mech:{key}",
    floor="degraded",
    rules=("services-key-missing",),
)
def missing(look: Look) -> Iterator[Found]:
    yield from said(look, like=_MISSING)


@cause(
    "KEY_REFUSED",
    "{name} refuses {service}'s {key}: {word}",
    layer="vendor",
    visitor="503, or errors from what needs it",
    guide="mech-llms: API Key Errors",
    reads=("edge.answers", "host.answers"),
    fix="make a new key there (or give it its rights back), pulumi config set --secret mech:{key}, then pulumi up",
    key="mech:{key}",
    floor="degraded",
    rules=("services-key-malformed",),
)
def refused(look: Look) -> Iterator[Found]:
    yield from said(look, like=_REFUSED, unlike=f"{_MISSING}|{_LIMIT}")


@cause(
    "VENDOR_LIMIT",
    "{name} lets {service} send no more for now: {word}",
    layer="vendor",
    visitor="503, or errors from what needs it",
    guide="mech-indexer: GitHub Token Errors",
    reads=("edge.answers", "host.answers"),
    fix="wait for {name}'s next hour, or ask for a higher limit",
    floor="degraded",
)
def limit(look: Look) -> Iterator[Found]:
    yield from said(look, like=_LIMIT)


@cause(
    "VENDOR_TIMEOUT",
    "{name} does not answer {service} in time: {word}",
    layer="vendor",
    visitor="504 from what needs it",
    guide="mech-llms: Model Loading Failures",
    reads=("edge.answers", "host.answers"),
    fix="nothing of ours if others reach it: look at {name}'s status page",
    floor="degraded",
    follows=_OUTSIDE,
)
def timeout(look: Look) -> Iterator[Found]:
    yield from said(look, like=_SLOW)


@cause(
    "VENDOR_FAILS",
    "{service} says of {name}: {word}",
    layer="vendor",
    visitor="errors from what needs it",
    guide="mech-llms: API Key Errors",
    reads=("edge.answers", "host.answers"),
    fix="docker logs --tail 50 {container}; {name}'s status page",
    floor="degraded",
    follows=_OUTSIDE,
)
def fails(look: Look) -> Iterator[Found]:
    yield from said(look, unlike="|".join((_MISSING, _REFUSED, _LIMIT, _SLOW)))
