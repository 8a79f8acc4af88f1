"""The SSH key pair that a stack's config names: what ssh and the plugins would refuse, said before they do."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_PUBLIC = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH


def public_file(private: Path) -> Path:
    """Where the public half is: beside the private one, with .pub behind its name."""
    return private.with_name(private.name + ".pub")


def make(private: Path) -> None:
    """Write a fresh Ed25519 pair without a passphrase, as `ssh-keygen -t ed25519 -N ''` does. Raises OSError."""
    key = Ed25519PrivateKey.generate()
    form = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(*form))
    public_file(private).write_bytes(key.public_key().public_bytes(*_PUBLIC) + b" mech\n")


def mistake(private: Path) -> str | None:
    """The first thing that is wrong with the pair, in one sentence with its fix; None when the pair is good.

    What OpenSSH refuses: sshkey_perm_ok (mode) and sshkey_parse_private_fileblob (form) in its authfile.c and sshkey.c;
    measured with 9.2.
    """
    missing = [str(path) for path in (private, public_file(private)) if not path.is_file()]
    if missing:
        return f"{' and '.join(missing)} cannot be read; make the pair with: ssh-keygen -t ed25519 -N '' -f {private}"
    try:
        text, public = private.read_bytes(), public_file(private).read_bytes()
        status = private.stat()
    except OSError as error:
        return f"{error.filename} cannot be read ({error.strerror}); correct its owner and mode"
    # As ssh does: only a file of one's own is looked at.
    if status.st_uid == os.getuid() and status.st_mode & 0o077:
        return f"{private} can be read by others, and ssh refuses such a key; run: chmod 600 {private}"
    return _form(private, text) or _same(private, text, public)


def _form(private: Path, text: bytes) -> str | None:
    if text.startswith(_OPENSSH):
        if b"\r" in text:
            return f"{private} has Windows' line ends, which ssh refuses; run: sed -i 's/\\r$//' {private}"
        if not text.endswith(b"\n"):
            return f'{private} lacks its last newline, and ssh says "error in libcrypto"; run: echo >> {private}'
    try:
        _load(text)
    except TypeError:  # what cryptography raises where a password is needed
        return (
            f"{private} has a passphrase, which nobody can type for a plugin; "
            f"take it off (ssh-keygen -p -N '' -f {private}) or name a key without one"
        )
    except (ValueError, UnsupportedAlgorithm):
        return f"{private} is not a private key that ssh can read; make a pair with: ssh-keygen -t ed25519 -N '' -f KEY"
    return None


def _same(private: Path, text: bytes, public: bytes) -> str | None:
    anew = f"make it anew: ssh-keygen -y -f {private} > {public_file(private)}"
    try:
        given = serialization.load_ssh_public_key(public)
    except (ValueError, UnsupportedAlgorithm):
        return f"{public_file(private)} is not a public key; {anew}"
    if given.public_bytes(*_PUBLIC) != _load(text).public_key().public_bytes(*_PUBLIC):
        return f"{public_file(private)} belongs to another key, so the host would let nobody in; {anew}"
    return None


def _load(text: bytes) -> serialization.ssh.SSHPrivateKeyTypes:
    if text.startswith(_OPENSSH):
        return serialization.load_ssh_private_key(text, password=None)
    return serialization.load_pem_private_key(text, password=None)  # type: ignore[return-value]
