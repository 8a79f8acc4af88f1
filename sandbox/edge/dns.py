"""The sandbox's DNS: authoritative for the account's zones, and the few fixed names the sandbox stands in for.

Proxied names answer with the edge's address and TTL 300, as Cloudflare does
(developers.cloudflare.com/dns/manage-dns-records/reference/ttl/). Names outside are NXDOMAIN at once:
there is no internet to ask, and a refusal would make resolvers retry.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import cast

from dnslib import (
    AAAA,
    CLASS,
    CNAME,
    MX,
    NS,
    OPCODE,
    QTYPE,
    RCODE,
    RD,
    RR,
    SOA,
    TXT,
    A,
    DNSError,
    DNSHeader,
    DNSRecord,
)  # fmt: skip

from .lookup import MAX_CHAIN, at, is_address, normal
from .view import Record, Zone, ZoneView

AUTO_TTL = 300  # seconds; what TTL 1 ("automatic") and proxied records mean
NEGATIVE_TTL = 1800
NAME_SERVERS = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")
FIXED_NAMES = (
    "registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com", "ghcr.io",
    "api.openai.com", "api.anthropic.com", "api.github.com", "api.vultr.com", "api.cloudflare.com",
)  # fmt: skip
FIXED_SUFFIXES = (".r2.cloudflarestorage.com",)
_UDP_PLAIN = 512  # bytes, RFC 1035; more only when the client says so by EDNS
_UDP_MOST = 1232
_TCP_IDLE = 10.0

log = logging.getLogger(__name__)


class Resolver:
    """Answers for one view. `edge` and `cloud` are IPv4 addresses."""

    def __init__(self, view: ZoneView, edge: str, cloud: str) -> None:
        self._view = view
        self._edge = edge
        self._cloud = cloud

    def answer(self, query: DNSRecord) -> DNSRecord:
        """The reply to one parsed query; never raises for what a client may send."""
        header = DNSHeader(id=query.header.id, qr=1, aa=0, ra=1, rd=query.header.rd, opcode=query.header.opcode)
        reply = DNSRecord(header)
        for question in query.questions:
            reply.add_question(question)
        if query.header.opcode != OPCODE.QUERY:
            reply.header.rcode = RCODE.NOTIMP
        elif len(query.questions) != 1:
            reply.header.rcode = RCODE.FORMERR
        elif query.q.qclass != CLASS.IN:
            reply.header.rcode = RCODE.REFUSED
        else:
            self._fill(reply, normal(str(query.q.qname)), query.q.qtype)
        return reply

    def _fill(self, reply: DNSRecord, name: str, qtype: int) -> None:
        for _ in range(MAX_CHAIN):
            zone = self._view.zone_for(name)
            if zone is None:
                self._outside(reply, name, qtype)
                return
            reply.header.aa = 1
            exists, records = at(zone, name)
            if qtype == QTYPE.ANY:
                self._any(reply, zone, name, exists)
                return
            records = self._as_served(zone, name, records)
            found = [r for r in records if getattr(QTYPE, r.type, None) == qtype]
            found = found or self._built_in(zone, name, qtype)
            alias = next((r for r in records if r.type == "CNAME"), None)
            if found or alias is None:
                for record in found:
                    _add(reply, record)
                if not found:
                    reply.header.rcode = RCODE.NOERROR if exists else RCODE.NXDOMAIN
                    reply.add_auth(_soa(zone))
                return
            target = normal(alias.content)
            if name != zone.name.lower():  # at the apex only the addresses are shown (CNAME flattening)
                _add(reply, alias)
            name = target
        reply.header.rcode = RCODE.SERVFAIL

    def _as_served(self, zone: Zone, name: str, records: list[Record]) -> list[Record]:
        if any(r.proxied and r.type in ("A", "AAAA", "CNAME") for r in records):
            rest = [r for r in records if r.type not in ("A", "AAAA", "CNAME")]
            return [Record(name, "A", self._edge, True, AUTO_TTL), *rest]
        return records

    def _built_in(self, zone: Zone, name: str, qtype: int) -> list[Record]:
        if name != zone.name.lower():
            return []
        if qtype == QTYPE.NS:
            return [Record(name, "NS", server, False, 86400) for server in NAME_SERVERS]
        if qtype == QTYPE.SOA:
            return [Record(name, "SOA", "", False, NEGATIVE_TTL)]
        return []

    def _any(self, reply: DNSRecord, zone: Zone, name: str, exists: bool) -> None:
        if exists:
            reply.add_answer(RR(name, QTYPE.HINFO, ttl=3600, rdata=RD(b"\x07RFC8482\x00")))
        else:
            reply.header.rcode = RCODE.NXDOMAIN
            reply.add_auth(_soa(zone))

    def _outside(self, reply: DNSRecord, name: str, qtype: int) -> None:
        if name in FIXED_NAMES or name.endswith(FIXED_SUFFIXES):
            if qtype == QTYPE.A:
                reply.add_answer(RR(_owner(reply, name), QTYPE.A, ttl=AUTO_TTL, rdata=A(self._cloud)))
        else:
            reply.header.rcode = RCODE.NXDOMAIN


def _owner(reply: DNSRecord, name: str) -> str:
    """The asked name, spelled as asked: some resolvers mix case and compare."""
    asked = str(reply.q.qname).rstrip(".")
    return asked if asked.lower() == name else name


def _add(reply: DNSRecord, record: Record) -> None:
    try:
        data = _rdata(record)
    except (ValueError, DNSError):
        log.warning("dns: the %s record of %s has content that cannot be sent", record.type, record.name)
        return
    if data is not None:
        # A flattened chain ends elsewhere but is answered under the asked name.
        owner = _owner(reply, normal(record.name))
        if not reply.rr and record.type != "CNAME":
            owner = str(reply.q.qname).rstrip(".")
        ttl = AUTO_TTL if record.ttl <= 1 else record.ttl
        reply.add_answer(RR(owner, getattr(QTYPE, record.type), ttl=ttl, rdata=data))


def _rdata(record: Record) -> RD | None:
    content = record.content
    if record.type in ("A", "AAAA"):
        address = ip_address(content)
        if address.version != (4 if record.type == "A" else 6):
            raise ValueError(content)
        return A(content) if address.version == 4 else AAAA(content)
    if record.type == "CNAME":
        return CNAME(normal(content)) if not is_address(content) else None
    if record.type == "MX":
        priority, target = record.priority, content
        if priority is None:
            first, _, rest = content.partition(" ")
            priority, target = (int(first), rest.strip()) if rest and first.isdigit() else (10, content)
        return MX(normal(target), priority)
    if record.type == "NS":
        return NS(normal(content))
    if record.type == "TXT":
        raw = _text(content)
        return TXT([raw[i : i + 255] for i in range(0, len(raw), 255)] or [b""])
    if record.type == "SOA":
        return _soa_data()
    return None


def _text(content: str) -> bytes:
    if len(content) >= 2 and content[0] == content[-1] == '"':
        content = "".join(part for i, part in enumerate(content.split('"')) if i % 2)
    return content.encode()


def _soa_data() -> SOA:
    return SOA(NAME_SERVERS[0], "dns.cloudflare.com", (2300000000, 10000, 2400, 604800, NEGATIVE_TTL))


def _soa(zone: Zone) -> RR:
    return RR(zone.name, QTYPE.SOA, ttl=NEGATIVE_TTL, rdata=_soa_data())


def respond(resolver: Resolver, packet: bytes, udp: bool) -> bytes | None:
    """The bytes to send back, or None for what is not a query. Too long for UDP: truncated, with TC set."""
    try:
        query = DNSRecord.parse(packet)
    except (DNSError, ValueError, IndexError):
        return _format_error(packet)
    if query.header.qr:
        return None  # a response: answering it could loop
    try:
        reply = resolver.answer(query)
        data: bytes = reply.pack()
    except (DNSError, ValueError) as error:
        log.warning("dns: cannot answer %s: %s", query.q.qname if query.questions else "?", error)
        reply = DNSRecord(DNSHeader(id=query.header.id, qr=1, rcode=RCODE.SERVFAIL))
        data = reply.pack()
    if udp and len(data) > _udp_limit(query.ar):
        reply.header.tc = 1
        short = DNSRecord(reply.header, questions=reply.questions)
        data = short.pack()
    return data


def _udp_limit(additional: Iterable[RR]) -> int:
    sizes = [record.rclass for record in additional if record.rtype == QTYPE.OPT]
    return max(_UDP_PLAIN, min(_UDP_MOST, sizes[0])) if sizes else _UDP_PLAIN


def _format_error(packet: bytes) -> bytes | None:
    if len(packet) < 12 or packet[2] & 0x80:
        return None
    data: bytes = DNSRecord(DNSHeader(id=int.from_bytes(packet[:2], "big"), qr=1, rcode=RCODE.FORMERR)).pack()
    return data


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, reply: Callable[[bytes], bytes | None]) -> None:
        self._reply = reply
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._reply(data)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


class DnsServer:
    """DNS on one address, udp and tcp. `port` is the real one when 0 was asked for."""

    def __init__(self, resolver: Resolver, address: str, port: int) -> None:
        self._resolver = resolver
        self.address = address
        self.port = port
        self._udp: asyncio.BaseTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the address is not there or the port is taken."""
        self._tcp = await asyncio.start_server(self._serve_tcp, self.address, self.port)
        self.port = self._tcp.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        try:
            self._udp, _ = await loop.create_datagram_endpoint(
                lambda: _Udp(lambda data: respond(self._resolver, data, udp=True)),
                local_addr=(self.address, self.port),
            )
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            while True:
                size = await asyncio.wait_for(reader.readexactly(2), _TCP_IDLE)
                body = reader.readexactly(int.from_bytes(size, "big"))
                answer = respond(self._resolver, await asyncio.wait_for(body, _TCP_IDLE), udp=False)
                if answer is None:
                    break
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()
        writer.close()
