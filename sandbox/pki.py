"""The sandbox's certificate authorities and the leaf certificates they sign.

`settings.pki` holds:
  ca.crt, ca.key                the CA that clients inside the sandbox trust (as a browser trusts a public one)
  bundle.crt                    the system's roots plus ca.crt, for SSL_CERT_FILE and the like
  origin_ca.crt, origin_ca.key  stands for Cloudflare's Origin CA, which no browser trusts
  client_ca.crt, client.crt …   stands for the shared client certificate of Authenticated Origin Pulls
  leaves/                       issued leaves, cached by their names
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import ipaddress
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .settings import Settings

CA, ORIGIN_CA, CLIENT_CA = "ca", "origin_ca", "client_ca"
_SUBJECTS = {
    CA: ("Mech Sandbox CA", "Mech Sandbox"),
    ORIGIN_CA: ("Mech Sandbox Origin CA", "CloudFlare, Inc. (sandbox)"),
    CLIENT_CA: ("Mech Sandbox Origin Pull CA", "CloudFlare, Inc. (sandbox)"),
}
_SYSTEM_ROOTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_DAY = dt.timedelta(days=1)


def ensure(settings: Settings) -> None:
    """Make whatever is missing; what exists is kept, so trust survives restarts. Safe to call from many processes."""
    settings.pki.mkdir(parents=True, exist_ok=True, mode=0o755)
    with _locked(settings.pki):
        for name in _SUBJECTS:
            if not (settings.pki / f"{name}.crt").exists():
                _make_ca(settings.pki, name)
        bundle = _system_roots() + (settings.pki / "ca.crt").read_text()
        path = settings.pki / "bundle.crt"
        if not path.exists() or path.read_text() != bundle:
            write_atomic(path, bundle.encode(), 0o644)


def ca_pair(settings: Settings, name: str = CA) -> tuple[str, str]:
    """(certificate, key) of one authority, as PEM."""
    if not (settings.pki / f"{name}.crt").exists():
        ensure(settings)
    return (settings.pki / f"{name}.crt").read_text(), (settings.pki / f"{name}.key").read_text()


def leaf(
    settings: Settings, names: Sequence[str], days: int = 397, issuer: str = CA, client: bool = False
) -> tuple[str, str]:
    """(certificate, key) as PEM for these DNS names or IP addresses; cached until a third of its life is left."""
    cert, key = leaf_files(settings, names, days, issuer, client)
    return cert.read_text(), key.read_text()


def leaf_files(
    settings: Settings, names: Sequence[str], days: int = 397, issuer: str = CA, client: bool = False
) -> tuple[Path, Path]:
    """As `leaf`, but the files that hold the two (what `ssl.SSLContext.load_cert_chain` takes)."""
    if not names:
        raise ValueError("a certificate needs at least one name")
    ensure(settings)
    folder = settings.pki / "leaves"
    folder.mkdir(exist_ok=True, mode=0o755)
    key_of_cache = "\n".join([issuer, str(days), str(client), *names]).encode()
    stem = hashlib.sha256(key_of_cache).hexdigest()[:24]
    cert_path, key_path = folder / f"{stem}.crt", folder / f"{stem}.key"
    with _locked(settings.pki):
        if not _fresh(cert_path, days) or not key_path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            cert = sign(settings, key.public_key(), names, days, issuer=issuer, client=client)
            write_atomic(key_path, _key_pem(key), 0o600)
            write_atomic(cert_path, cert.public_bytes(serialization.Encoding.PEM), 0o644)
    return cert_path, key_path


def sign(
    settings: Settings,
    public_key: CertificatePublicKeyTypes,
    names: Sequence[str],
    days: int,
    issuer: str = CA,
    client: bool = False,
    subject: str | None = None,
) -> x509.Certificate:
    """A certificate for a key that the caller holds, valid from a minute ago for `days` days."""
    ca_cert_pem, ca_key_pem = ca_pair(settings, issuer)
    ca_cert = x509.load_pem_x509_certificate(ca_cert_pem.encode())
    ca_key = serialization.load_pem_private_key(ca_key_pem.encode(), None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{issuer}.key in {settings.pki} is not an EC key; run `mech sandbox reset`")
    now = dt.datetime.now(dt.UTC)
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    usages = [usage] if issuer != ORIGIN_CA else [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name((subject or names[0])[:64], _SUBJECTS[issuer][1]))
        .issuer_name(ca_cert.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(_authority_key(ca_cert), critical=False)
    )
    return builder.sign(ca_key, hashes.SHA256())


def write_atomic(path: Path, data: bytes, mode: int) -> None:
    """Write so that a reader, or a crash, sees the old file or the new one and never a half."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.fchmod(descriptor, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_ca(folder: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(*_SUBJECTS[name])
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    cert = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 3650 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    # The key first: a crash in between leaves no certificate without its key.
    write_atomic(folder / f"{name}.key", _key_pem(key), 0o600)
    write_atomic(folder / f"{name}.crt", cert.public_bytes(serialization.Encoding.PEM), 0o644)


def _fresh(path: Path, days: int) -> bool:
    if not path.exists():
        return False
    left = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc - dt.datetime.now(dt.UTC)
    return left > days * _DAY / 3


def _authority_key(ca_cert: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = ca_cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _system_roots() -> str:
    for path in map(Path, _SYSTEM_ROOTS):
        if path.exists():
            text = path.read_text()
            return text if text.endswith("\n") else text + "\n"
    return ""
