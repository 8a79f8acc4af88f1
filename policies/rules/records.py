"""DNS: every service has a record, proxied, that leads to the host (guide, DNS)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from policies.family import Family, puts
from policies.model import INSTANCE, RECORD, RESERVED_IP, Finding, Resource, Stack, Unjudged
from policies.reading.edge import Record, balancers, by_tunnel, records
from policies.reading.edge.records import unknown_records
from policies.reading.nginx import nginx
from policies.reading.platform import is_platform, is_service

rule = Family("edge")


def served(stack: Stack) -> list[Record]:
    """The records by which visitors come to the host: on the platform all but other protocols', else those of names that
    nginx serves. Raises Unjudged where nginx's config is not known."""
    found = [one for one in records(stack) if not _other_protocol(one)]
    if is_platform(stack):
        return found
    proxy = nginx(stack)
    names = proxy.names if proxy else set()
    return [one for one in found if any(one.answers(name) for name in names)]


def _other_protocol(record: Record) -> bool:
    """Names that no browser asks for: proofs of ownership, mail."""
    name = record.resource.props.get("name")
    return isinstance(name, str) and ("_" in name or name.partition(".")[0] in ("mail", "smtp", "imap", "mx"))


@rule(
    "edge-record-missing",
    title="Every service has a record",
    symptom="the service answers by IP but not by name (NXDOMAIN)",
    fix="declare an A record for every name that nginx serves",
    severity="critical",
)
def record_missing(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None or not (records(stack) or is_platform(stack)):
        return
    zones = {_zone(one.name) for one in records(stack) if one.is_named and "." in one.name}
    for name in sorted({name for server in proxy.outside() for name in server.names if name in proxy.names}):
        ours = not name.startswith("*") and not name.endswith(".internal") and (not zones or _zone(name) in zones)
        if ours and not any(record.answers(name) for record in records(stack) if record.is_named):
            unknown_records(stack)
            yield Finding(f"{name} has no A record", proxy.resource)


def _zone(name: str) -> str:
    return ".".join(name.split(".")[-2:])


@rule(
    "edge-grey-cloud",
    title="Records are proxied",
    symptom="the host's address is public, TLS errors on 443",
    fix="set proxied to true on the record",
    severity="high",
)
def grey_cloud(stack: Stack) -> Iterator[Finding]:
    unknown = []
    proxied = {one.name for one in records(stack) if one.is_named and one.resource.props.get("proxied") is True}
    for record in records(stack):
        try:
            # Beside a proxied one of the same name it tells what that hides.
            if record.proxied is not True and by_tunnel(record):
                yield Finding(
                    f"{record.name} is not proxied (grey cloud): nobody outside knows a tunnel's name", record.resource
                )
            elif record.proxied is not True and (
                record.name in proxied
                or (is_platform(stack) and not _other_protocol(record) and not _of_others(record))
            ):
                yield Finding(f"{record.name} is not proxied (grey cloud)", record.resource)
        except Unjudged as what:
            unknown.append(str(what))
    if unknown:
        raise Unjudged(", ".join(unknown))


@rule(
    "edge-wrong-address",
    title="Records lead to the host",
    symptom="522 or 523 though the host is well",
    fix="point the record to the host's reserved address",
    severity="critical",
)
def wrong_address(stack: Stack) -> Iterator[Finding]:
    if not stack.of(RESERVED_IP) and not stack.of(INSTANCE):
        return
    unknown: list[str] = []
    for record in served(stack):
        try:
            if record.type == "CNAME":
                yield from _alias(stack, record)
            else:
                hosts = _addresses(stack, 6 if record.type == "AAAA" else 4)
                if not hosts and record.type == "AAAA" and record.content:
                    yield Finding(f"{record.name} points to {record.content}, the host has no IPv6", record.resource)
                elif not any(_same(record.content, host) for host in [*hosts, *balancers(stack)]):
                    yield Finding(
                        f"{record.name} points to {record.content or 'nothing'}, the host is {hosts[0]}",
                        record.resource,
                    )
        except Unjudged as what:
            unknown += [str(what)] if str(what) not in unknown else []
    if unknown:
        raise Unjudged(", ".join(unknown))


def _addresses(stack: Stack, version: int) -> list[str]:
    """The host's addresses. Raises Unjudged where it has one that is not known yet."""
    if version == 6:
        if not any(one.get("enableIpv6") for one in stack.of(INSTANCE)) and not _reserved(stack, "v6"):
            return []
        found = [one.get("v6MainIp") for one in stack.of(INSTANCE)] + [
            one.get("subnet") for one in _reserved(stack, "v6")
        ]
    else:
        found = [one.get("subnet") for one in _reserved(stack, "v4")] or [
            one.get("mainIp") for one in stack.of(INSTANCE)
        ]
    hosts = [one for one in found if isinstance(one, str) and one]
    if not hosts:
        raise Unjudged("the host's address")
    return hosts


def _reserved(stack: Stack, version: str) -> list[Resource]:
    return [one for one in stack.of(RESERVED_IP) if (one.text("ipType") or "v4") == version]


def _same(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return one == other


def _of_others(record: Record) -> bool:
    """Whether it is an alias into another zone under a name that is no service's: a blog, a status page. Raises Unjudged."""
    return _leaves_its_zone(record) and not is_service(record.name)


def _leaves_its_zone(record: Record) -> bool:
    target = record.content.rstrip(".").lower()
    return record.type == "CNAME" and bool(target) and _zone(target) != _zone(record.name)


def _alias(stack: Stack, record: Record) -> Iterator[Finding]:
    """An alias of a name that leads to the host is one, too; of one that nobody declares in its zone, nobody knows."""
    target = record.content.rstrip(".").lower()
    if is_service(record.name) and _leaves_its_zone(record):
        yield Finding(f"{record.name} is an alias of {target}, which is not the host", record.resource)


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
    there = [one for one in served(stack) if one.type == "A"]
    for record in there:
        if record.is_known:
            contents.setdefault(record.content, record.resource)
    for content, resource in list(contents.items())[1:]:
        yield Finding(f"{resource.text('name')} points to {content}, other records elsewhere", resource)
    if contents and not all(record.is_known for record in there):
        raise Unjudged(f"the address of the records beside {next(iter(contents.values())).name}")


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
