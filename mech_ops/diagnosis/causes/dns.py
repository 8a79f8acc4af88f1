"""The zone's records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look


def _ours(look: Look) -> Iterator[tuple[str, str, dict[str, Any], list[dict[str, Any]]]]:
    """(service, name, as declared, records of that name)"""
    records = look.fact("zone.records")
    for name, wanted in look.declared["records"].items():
        yield name.partition(".")[0], name, wanted, [one for one in records if one["name"] == name]


def _addresses(wanted: dict[str, Any]) -> list[str]:
    """Of a fleet there are several."""
    return list(wanted.get("addresses") or [wanted["content"]])


@cause(
    "RECORD_MISSING",
    "the record {name} is missing",
    layer="dns",
    visitor="the name is not known",
    guide="DNS Propagation Issues",
    reads=("zone.records",),
    fix="pulumi up",
    floor="outage",
    rules=("edge-record-missing",),
)
def missing(look: Look) -> Iterator[Found]:
    for service, name, wanted, there in _ours(look):
        if not any(one["type"] in ("A", "AAAA", "CNAME") for one in there):
            yield Found((service,), {"name": name}, ("no A record of that name in the zone",))
            continue
        lost = sorted({*_addresses(wanted)} - {one["content"] for one in there})
        for address in lost if len(lost) < len(_addresses(wanted)) else ():
            host = next((h for h, about in look.declared["hosts"].items() if about["address"] == address), address)
            yield Found((service,), {"name": f"{name} of {host}"}, (f"no A record {address} of that name in the zone",))


@cause(
    "RECORD_WRONG_ADDRESS",
    "the record {name} leads to {there}, and the host is {wanted}",
    layer="dns",
    visitor="523, or somebody else's page",
    guide="DNS Propagation Issues",
    reads=("zone.records",),
    fix="pulumi up",
    rules=("edge-wrong-address",),
)
def wrong_address(look: Look) -> Iterator[Found]:
    for service, name, wanted, there in _ours(look):
        own = [one for one in there if one["type"] == "A"]
        if own and not any(one["content"] in _addresses(wanted) for one in own):
            yield Found(
                (service,),
                {"name": name, "there": own[0]["content"], "wanted": _addresses(wanted)[0]},
                (f"A {own[0]['content']}",),
            )


@cause(
    "RECORD_NOT_PROXIED",
    "the record {name} is not proxied (grey cloud): visitors see the host itself and its certificate",
    layer="dns",
    visitor="a warning about the certificate",
    guide="DNS Propagation Issues",
    reads=("zone.records",),
    fix="pulumi up",
    rules=(
        "edge-grey-cloud",
        "edge-proxied-ttl",
    ),
)
def grey(look: Look) -> Iterator[Found]:
    for service, name, wanted, there in _ours(look):
        own = [one for one in there if one["type"] == "A" and one["content"] in _addresses(wanted)]
        if wanted["proxied"] and not all(one.get("proxied") for one in own):
            yield Found((service,), {"name": name}, ("proxied: false",))


@cause(
    "RECORD_SHADOWED",
    "the record {type} {name} → {content} stands beside ours, and visitors get either",
    layer="dns",
    visitor="sometimes 523, sometimes all is well",
    guide="DNS Propagation Issues",
    reads=("zone.records",),
    fix="delete it in Cloudflare's dashboard: it is not ours",
    floor="degraded",
    rules=("edge-addresses-differ",),
)
def shadowed(look: Look) -> Iterator[Found]:
    for service, name, wanted, there in _ours(look):
        intact = any(one["type"] == "A" and one["content"] in _addresses(wanted) for one in there)
        for one in there:
            other = one["type"] in ("AAAA", "CNAME", "NS") or (
                one["type"] == "A" and one["content"] not in _addresses(wanted)
            )
            if intact and other:
                shows = (f"{one['type']} {one['content']}",)
                yield Found((service,), {"type": one["type"], "name": name, "content": one["content"]}, shows)
