"""The edge's certificates, asked for by TLS: a good one, one that nobody trusts, and who does not answer in time."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mech_infra.facts.model import Unreachable
from mech_ops import status
from mech_ops.checklist import certificates

END = dt.datetime(2099, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def certificate(file: Path, name: str, end: dt.datetime = END) -> Path:
    """One that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*form))
    return file


def asked(served: Path | None, trusted: Path, host: str = "localhost") -> dict[str, Any]:
    """What is said of a server with this certificate; one without TLS never says a word."""

    async def both() -> dict[str, Any]:
        theirs = None
        if served:
            theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            theirs.load_cert_chain(served)
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=theirs)
        port = server.sockets[0].getsockname()[1]
        found = await certificates.one(host, ssl.create_default_context(cafile=str(trusted)), port)
        server.close()
        return found

    return asyncio.run(both())


def test_how_long_it_is_good(tmp_path: Path) -> None:
    good = certificate(tmp_path / "good.pem", "localhost")
    assert asked(good, good) == {"end": "2099-01-02T03:04:05+00:00"}


def test_one_that_a_browser_would_refuse_is_wrong_and_not_silent(tmp_path: Path) -> None:
    good = certificate(tmp_path / "good.pem", "localhost")
    strange = certificate(tmp_path / "strange.pem", "localhost")
    old = certificate(tmp_path / "old.pem", "localhost", dt.datetime(2021, 1, 1, tzinfo=dt.UTC))
    other = certificate(tmp_path / "other.pem", "example.org")
    assert "self-signed" in asked(strange, good)["error"] or "self signed" in asked(strange, good)["error"]
    assert asked(old, old) == {"error": "certificate has expired"}
    assert "localhost" in asked(other, other)["error"] and "silent" not in asked(other, other)


def test_who_does_not_answer_costs_a_limited_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "_LIMIT_S", 0.2)
    good = certificate(tmp_path / "good.pem", "localhost")
    assert asked(None, good)["silent"]
    assert asked(good, good, host="no-such-name.invalid")["silent"]


def test_each_host_once_and_none_where_there_is_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    async def one(host: str, context: ssl.SSLContext) -> dict[str, Any]:
        return {"error": host}

    monkeypatch.setattr(certificates, "one", one)
    monkeypatch.setattr(status, "not_from_here", lambda urls: "")
    services = {name: {"url": f"https://{host}/"} for name, host in (("a", "x.is"), ("b", "x.is"), ("c", "y.is"))}
    assert certificates.edge({"services": services}) == {
        "certificates": {"x.is": {"error": "x.is"}, "y.is": {"error": "y.is"}}
    }
    assert certificates.edge({"services": {}}) == {"certificates": {}}


def test_of_other_clouds_a_name_that_leads_to_the_world_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "not_from_here", lambda urls: f"{urls[0]} is somebody else's")
    with pytest.raises(Unreachable, match="somebody else's"):
        certificates.edge({"services": {"a": {"url": "https://x.is"}}})
