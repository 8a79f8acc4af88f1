"""A key pair that ssh or a plugin would refuse is one sentence with its fix, before anything is touched."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mech_infra.config import ConfigError, check_files, keypair
from mech_infra.config.host import HostConfig
from mech_infra.config.platform import PlatformConfig


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    keypair.make(tmp_path / "id")
    return tmp_path / "id"


def _passphrase(key: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "secret", "-f", str(key)], check=True, capture_output=True)


def _others_public(key: Path) -> None:
    keypair.make(key.with_name("other"))
    keypair.public_file(key).write_bytes(keypair.public_file(key.with_name("other")).read_bytes())


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda key: key.unlink(), "id cannot be read; make the pair with: ssh-keygen"),
    "public missing": (lambda key: keypair.public_file(key).unlink(), "id.pub cannot be read"),
    "mode": (lambda key: key.chmod(0o640), "can be read by others, and ssh refuses such a key; run: chmod 600"),
    "newline": (lambda key: key.write_bytes(key.read_bytes().rstrip()), "lacks its last newline"),
    "line ends": (lambda key: key.write_bytes(key.read_bytes().replace(b"\n", b"\r\n")), "Windows' line ends"),
    "passphrase": (_passphrase, "has a passphrase, which nobody can type for a plugin"),
    "no key": (lambda key: key.write_text("hello\n"), "is not a private key that ssh can read"),
    "the public one": (
        lambda key: key.write_bytes(keypair.public_file(key).read_bytes()),
        "is not a private key that ssh can read",
    ),
    "another public key": (_others_public, "id.pub belongs to another key, so the host would let nobody in"),
    "no public key": (lambda key: keypair.public_file(key).write_text("hello\n"), "id.pub is not a public key"),
}


@pytest.mark.parametrize("name", list(BREAKS))
def test_each_mistake_has_its_own_sentence(pair: Path, name: str) -> None:
    spoil, says = BREAKS[name]
    spoil(pair)
    assert says in (keypair.mistake(pair) or "")
    with pytest.raises(ConfigError, match="mech:host.sshPrivateKey: "):
        check_files(PlatformConfig(host=HostConfig(ssh_private_key=str(pair))))


@pytest.mark.parametrize("name", ["mode", "newline", "line ends", "no key", "the public one"])
def test_ssh_refuses_what_we_refuse(pair: Path, name: str) -> None:
    BREAKS[name][0](pair)
    assert subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", str(pair)], capture_output=True).returncode


@pytest.mark.parametrize("how", [[], ["-t", "rsa"], ["-t", "rsa", "-m", "PEM"], ["-t", "ecdsa"]])
def test_what_ssh_keygen_makes_is_good(tmp_path: Path, how: list[str]) -> None:
    subprocess.run(["ssh-keygen", "-q", *how, "-N", "", "-f", str(tmp_path / "id")], check=True)
    assert keypair.mistake(tmp_path / "id") is None


def test_what_we_make_is_good_for_ssh(pair: Path) -> None:
    assert keypair.mistake(pair) is None
    made = subprocess.run(["ssh-keygen", "-y", "-f", str(pair)], capture_output=True, text=True, check=True).stdout
    assert made.split()[:2] == keypair.public_file(pair).read_text().split()[:2]


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ConfigError, match=r"names \$MECH_NOWHERE, which is not set; export it"):
        check_files(PlatformConfig(host=HostConfig(ssh_private_key="$MECH_NOWHERE/id")))
