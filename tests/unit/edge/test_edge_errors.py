"""Each of Cloudflare's codes, brought about by its real cause on real sockets."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import time
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from edge_rig import HOST, View, a, full_backlog, hello, raw_origin, rig, server_tls, settings_in, web_origin

from sandbox import pki
from sandbox.edge.view import Record


def expect(answer: object, code: int, status: int | None = None) -> None:
    assert (answer.status, answer.text) == (status or code, f"error code: {code}")  # type: ignore[attr-defined]
    assert answer.headers["Server"] == "cloudflare"  # type: ignore[attr-defined]


def test_521_when_the_port_refuses(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(tmp_path) as r:
            expect(await r.get(), 521)
            assert "refused" in r.log()[0]["note"]
            page = await r.get(headers={"Accept": "text/html,*/*"})
            assert "<title>error code: 521</title>" in page.text
            assert page.headers["CF-RAY"] in page.text

    asyncio.run(scenario())


def test_522_when_syns_are_dropped(tmp_path: Path) -> None:
    async def scenario() -> None:
        with full_backlog() as port:
            async with rig(tmp_path, http=port) as r:
                r.timeouts(connect_timeout_s=0.4)
                began = time.monotonic()
                expect(await r.get(), 522)
                assert 0.3 < time.monotonic() - began < 3

    asyncio.run(scenario())


def test_523_when_there_is_no_route(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(tmp_path, View([a(HOST, "203.0.113.9")])) as r:
            expect(await r.get(), 523)

    asyncio.run(scenario())


def test_523_when_the_kernel_says_unreachable(tmp_path: Path) -> None:
    async def scenario() -> None:
        # An address of class E is refused by the kernel itself, whatever routes the machine has.
        async with rig(tmp_path, View([a(HOST, "255.255.255.254")]), reachable=("0.0.0.0/0",)) as r:
            r.timeouts(connect_timeout_s=2)
            expect(await r.get(), 523)

    asyncio.run(scenario())


def test_524_when_the_origin_is_slow(tmp_path: Path) -> None:
    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response()

    async def scenario() -> None:
        async with web_origin(slow) as port, rig(tmp_path, http=port) as r:
            r.timeouts(response_timeout_s=0.3)
            expect(await r.get(), 524)
            expect(await r.get(method="POST", data=b"x" * 10), 524)

    asyncio.run(scenario())


@pytest.mark.parametrize("reply", [b"", b"\x00\x01garbage\r\n\r\n", b"HTTP/1.1 banana\r\n\r\n"])
def test_520_for_an_empty_or_garbled_answer(tmp_path: Path, reply: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()

    async def scenario() -> None:
        async with raw_origin(handler) as port, rig(tmp_path, http=port) as r:
            expect(await r.get(), 520)

    asyncio.run(scenario())


def test_520_for_headers_beyond_128_kb(tmp_path: Path) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 140_000 + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def scenario() -> None:
        async with raw_origin(handler) as port, rig(tmp_path, http=port) as r:
            expect(await r.get(), 520)

    asyncio.run(scenario())


@pytest.mark.parametrize("mode", ["full", "strict"])
@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_525_when_the_origin_does_not_speak_tls(tmp_path: Path, mode: str, reply: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(reply)
        await writer.drain()

    async def scenario() -> None:
        async with raw_origin(handler) as port, rig(tmp_path, View(settings={"ssl": mode}), https=port) as r:
            expect(await r.get(scheme="https"), 525)

    asyncio.run(scenario())


def test_525_when_the_tls_handshake_hangs(tmp_path: Path) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    async def scenario() -> None:
        async with raw_origin(handler) as port, rig(tmp_path, View(settings={"ssl": "full"}), https=port) as r:
            r.timeouts(connect_timeout_s=0.3)
            expect(await r.get(scheme="https"), 525)

    asyncio.run(scenario())


def test_522_and_521_also_hold_for_port_443(tmp_path: Path) -> None:
    async def scenario() -> None:
        with full_backlog() as port:
            async with rig(tmp_path, View(settings={"ssl": "strict"}), https=port) as r:
                r.timeouts(connect_timeout_s=0.4)
                expect(await r.get(scheme="https"), 522)
        async with rig(tmp_path, View(settings={"ssl": "strict"})) as r:
            expect(await r.get(scheme="https"), 521)

    asyncio.run(scenario())


def self_signed(folder: Path, expired: bool = False) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    cert = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now + dt.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return chain(folder, cert, key)


def expired(folder: Path) -> ssl.SSLContext:
    settings = settings_in(folder)
    ca = x509.load_pem_x509_certificate(pki.ca_pair(settings)[0].encode())
    ca_key = serialization.load_pem_private_key(pki.ca_pair(settings)[1].encode(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    cert = (
        x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(ca.subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now - dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(ca_key, hashes.SHA256())  # type: ignore[arg-type]
    )  # fmt: skip
    return chain(folder, cert, key)


def wrong_name(folder: Path) -> ssl.SSLContext:
    return server_tls(settings_in(folder), ["other.mech.is"])


def chain(folder: Path, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    path = folder / "origin.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + cert.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize(("make", "reason"), [
    (self_signed, "self-signed"), (expired, "expired"), (wrong_name, "Hostname mismatch"),
])  # fmt: skip
def test_526_in_strict_only(tmp_path: Path, make: object, reason: str) -> None:
    async def scenario() -> None:
        tls = make(tmp_path)  # type: ignore[operator]
        async with web_origin(hello, tls) as port, rig(tmp_path, View(settings={"ssl": "strict"}), https=port) as r:
            expect(await r.get(scheme="https"), 526)
            assert reason in r.log()[0]["note"].replace("self signed", "self-signed")
            r.view.settings = {"ssl": "full"}
            assert (await r.get(scheme="https")).text == "hello"

    asyncio.run(scenario())


@pytest.mark.parametrize("records", [
    [], [Record(HOST, "CNAME", "gone.example", True, 1)], [Record(HOST, "CNAME", "nowhere.mech.is", True, 1)],
    [Record(HOST, "CNAME", HOST, True, 1)], [Record(HOST, "TXT", "x", False, 1)],
])  # fmt: skip
def test_1016_when_the_record_leads_nowhere(tmp_path: Path, records: list[Record]) -> None:
    async def scenario() -> None:
        async with rig(tmp_path, View(records)) as r:
            expect(await r.get(), 1016, 530)

    asyncio.run(scenario())


def test_hosts_that_are_not_served(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(tmp_path, View([a("grey.mech.is", "127.0.0.1", proxied=False), a(HOST, "10.77.0.3")])) as r:
            expect(await r.get(host="example.com"), 1001, 409)
            expect(await r.get(host="10.77.0.3"), 1003, 403)
            expect(await r.get(host="grey.mech.is"), 1001, 409)
            expect(await r.get(), 1000, 403)  # the record points at the edge itself
            expect(await r.get(headers={"CF-Connecting-IP": "192.0.2.1"}), 1000, 403)
            expect(await r.get(headers={"X-Forwarded-For": "192.0.2.1," * 12}), 1000, 403)

    asyncio.run(scenario())


def test_time_outs_are_read_at_each_request_and_bad_ones_ignored(tmp_path: Path) -> None:
    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(0.5)
        return web.Response(text="late")

    async def scenario() -> None:
        async with web_origin(slow) as port, rig(tmp_path, http=port) as r:
            r.timeouts(response_timeout_s=0.2)
            expect(await r.get(), 524)
            r.timeouts(response_timeout_s=20)
            assert (await r.get()).text == "late"
            r.timeouts(response_timeout_s=-1)
            assert (await r.get()).text == "late"
            (r.settings.state / "edge.json").write_text("{")
            assert (await r.get()).text == "late"

    asyncio.run(scenario())


def handshake(port: int, name: str | None, ca: Path, version: ssl.TLSVersion | None = None) -> str | None:
    import socket

    context = ssl.create_default_context(cafile=str(ca))
    if version is not None:
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
    if name is None:
        context.check_hostname = False
    with socket.create_connection(("127.0.0.1", port), 5) as raw, context.wrap_socket(raw, server_hostname=name) as tls:
        return tls.version()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_edge_certificates_and_minimum_tls(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(tmp_path) as r:

            def shake(name: str | None, version: ssl.TLSVersion | None = None) -> object:
                ca = r.settings.pki / "ca.crt"
                return asyncio.to_thread(handshake, r.edge.https_port, name, ca, version)

            assert await shake("mech.is") == "TLSv1.3"
            assert await shake(HOST, ssl.TLSVersion.TLSv1_1) == "TLSv1.1"
            r.view.settings["min_tls_version"] = "1.2"
            assert await shake(HOST, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
            for name, version in [
                (HOST, ssl.TLSVersion.TLSv1_1), ("a.b.mech.is", None), ("example.com", None), (None, None),
            ]:  # fmt: skip
                with pytest.raises(ssl.SSLError):
                    await shake(name, version)
            r.view.settings["min_tls_version"] = "1.3"
            with pytest.raises(ssl.SSLError):
                await shake(HOST, ssl.TLSVersion.TLSv1_2)

    asyncio.run(scenario())
