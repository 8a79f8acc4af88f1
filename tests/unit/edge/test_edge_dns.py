"""DNS answers as a client gets them."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from dnslib import QTYPE, RCODE, DNSRecord
from edge_rig import View, a, rig
from hypothesis import given
from hypothesis import strategies as st

from sandbox.edge.dns import Resolver, respond
from sandbox.edge.view import Record

EDGE, CLOUD = "10.77.0.3", "10.77.0.2"
RECORDS = [
    a("mech.is", "10.77.0.100"),
    a("llm.mech.is", "10.77.0.100"),
    a("direct.mech.is", "10.77.0.100", proxied=False, ttl=120),
    a("auto.mech.is", "10.77.0.100", proxied=False),
    a("*.apps.mech.is", "10.77.0.101", proxied=False),
    a("deep.host.mech.is", "10.77.0.102", proxied=False),
    Record("www.mech.is", "CNAME", "direct.mech.is", False, 600),
    Record("shop.mech.is", "CNAME", "direct.mech.is", True, 1),
    Record("toedge.mech.is", "CNAME", "llm.mech.is", False, 1),
    Record("registry.mech.is", "CNAME", "ghcr.io", False, 1),
    Record("dangling.mech.is", "CNAME", "missing.mech.is", False, 1),
    Record("round.mech.is", "CNAME", "round.mech.is", False, 1),
    Record("six.mech.is", "AAAA", "fd00::1", False, 60),
    Record("mech.is", "MX", "mail.mech.is", False, 1, 5),
    Record("mech.is", "TXT", '"v=spf1 -all"', False, 1),
    Record("long.mech.is", "TXT", "x" * 700, False, 1),
    Record("sub.mech.is", "NS", "ns1.example.com", False, 1),
]


def ask(name: str, qtype: str = "A") -> DNSRecord:
    packet = DNSRecord.question(name, qtype).pack()
    answer = respond(Resolver(View(RECORDS), EDGE, CLOUD), packet, udp=False)
    assert answer is not None
    return DNSRecord.parse(answer)


def rows(reply: DNSRecord) -> list[tuple[str, str, str, int]]:
    return [(str(r.rname), QTYPE[r.rtype], str(r.rdata), r.ttl) for r in reply.rr]


@pytest.mark.parametrize(("name", "qtype", "expected"), [
    ("llm.mech.is", "A", [("llm.mech.is.", "A", EDGE, 300)]),
    ("mech.is", "A", [("mech.is.", "A", EDGE, 300)]),
    ("shop.mech.is", "A", [("shop.mech.is.", "A", EDGE, 300)]),
    ("direct.mech.is", "A", [("direct.mech.is.", "A", "10.77.0.100", 120)]),
    ("auto.mech.is", "A", [("auto.mech.is.", "A", "10.77.0.100", 300)]),
    ("any.apps.mech.is", "A", [("any.apps.mech.is.", "A", "10.77.0.101", 300)]),
    ("a.b.apps.mech.is", "A", [("a.b.apps.mech.is.", "A", "10.77.0.101", 300)]),
    ("www.mech.is", "A", [("www.mech.is.", "CNAME", "direct.mech.is.", 600),
                          ("direct.mech.is.", "A", "10.77.0.100", 120)]),
    ("www.mech.is", "CNAME", [("www.mech.is.", "CNAME", "direct.mech.is.", 600)]),
    ("toedge.mech.is", "A", [("toedge.mech.is.", "CNAME", "llm.mech.is.", 300), ("llm.mech.is.", "A", EDGE, 300)]),
    ("registry.mech.is", "A", [("registry.mech.is.", "CNAME", "ghcr.io.", 300), ("ghcr.io.", "A", CLOUD, 300)]),
    ("six.mech.is", "AAAA", [("six.mech.is.", "AAAA", "fd00::1", 60)]),
    ("mech.is", "MX", [("mech.is.", "MX", "5 mail.mech.is.", 300)]),
    ("mech.is", "TXT", [("mech.is.", "TXT", '"v=spf1 -all"', 300)]),
    ("sub.mech.is", "NS", [("sub.mech.is.", "NS", "ns1.example.com.", 300)]),
    ("api.github.com", "A", [("api.github.com.", "A", CLOUD, 300)]),
    ("bucket.r2.cloudflarestorage.com", "A", [("bucket.r2.cloudflarestorage.com.", "A", CLOUD, 300)]),
    ("LLM.Mech.IS", "A", [("LLM.Mech.IS.", "A", EDGE, 300)]),
])  # fmt: skip
def test_answers(name: str, qtype: str, expected: list[tuple[str, str, str, int]]) -> None:
    reply = ask(name, qtype)
    assert rows(reply) == expected
    assert reply.header.rcode == RCODE.NOERROR


@pytest.mark.parametrize(("name", "qtype", "rcode", "soa"), [
    ("missing.mech.is", "A", RCODE.NXDOMAIN, True),
    ("llm.mech.is", "AAAA", RCODE.NOERROR, True),
    ("host.mech.is", "A", RCODE.NOERROR, True),  # exists only because deep.host.mech.is does
    ("dangling.mech.is", "A", RCODE.NXDOMAIN, True),
    ("round.mech.is", "A", RCODE.SERVFAIL, False),
    ("ghcr.io", "AAAA", RCODE.NOERROR, False),
    ("example.com", "A", RCODE.NXDOMAIN, False),
    ("100.0.77.10.in-addr.arpa", "PTR", RCODE.NXDOMAIN, False),
    ("redis", "A", RCODE.NXDOMAIN, False),
])  # fmt: skip
def test_no_answers(name: str, qtype: str, rcode: int, soa: bool) -> None:
    reply = ask(name, qtype)
    assert reply.header.rcode == rcode
    assert bool(reply.auth) == soa
    if soa:
        assert str(reply.auth[0].rname) == "mech.is."


def test_apex_has_soa_and_name_servers() -> None:
    assert [QTYPE[r.rtype] for r in ask("mech.is", "SOA").rr] == ["SOA"]
    assert len(ask("mech.is", "NS").rr) == 2
    assert [QTYPE[r.rtype] for r in ask("mech.is", "ANY").rr] == ["HINFO"]


def test_udp_and_tcp_on_real_sockets(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(tmp_path, View(RECORDS)) as r:

            def query(name: str, tcp: bool, qtype: str = "A") -> DNSRecord:
                packet = DNSRecord.question(name, qtype).send("127.0.0.1", r.dns.port, tcp=tcp, timeout=3)
                return DNSRecord.parse(packet)

            for tcp in (False, True):
                reply = await asyncio.to_thread(query, "llm.mech.is", tcp)
                assert str(reply.a.rdata) == EDGE
            short = await asyncio.to_thread(query, "long.mech.is", False, "TXT")
            assert (short.header.tc, len(short.rr)) == (1, 0)
            whole = await asyncio.to_thread(query, "long.mech.is", True, "TXT")
            assert len(b"".join(whole.rr[0].rdata.data)) == 700
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"junk", ("127.0.0.1", r.dns.port))  # and it still answers afterwards
            assert (await asyncio.to_thread(query, "llm.mech.is", False)).rr

    asyncio.run(scenario())


@given(st.binary(max_size=80))
def test_no_packet_breaks_the_server(packet: bytes) -> None:
    respond(Resolver(View(RECORDS), EDGE, CLOUD), packet, udp=True)


@given(st.binary(max_size=60))
def test_no_question_breaks_the_server(tail: bytes) -> None:
    head = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    respond(Resolver(View(RECORDS), EDGE, CLOUD), head + tail, udp=True)
