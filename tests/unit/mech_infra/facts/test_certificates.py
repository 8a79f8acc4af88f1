from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.host import certificates
from mech_infra.facts.host.certificates import Certificate, certificate
from mech_infra.facts.host.onhost import run

from .conftest import recorded, word

CHECK = Certificate(["*.mech.is", "mech.is"], 30)


def ends(days: int) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).strftime("%b %d %H:%M:%S %Y GMT")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"end": ends(90)}, "valid for *.mech.is, mech.is"),
        ({"end": ends(90), "names": ["foo"]}, "for foo"),
        ({"end": ends(90), "matches": False}, "does not belong to its key"),
        ({"end": ends(-1)}, "expired on "),
        ({"end": ends(20)}, "expires on "),
    ],
)
def test_names_key_and_time(change: dict[str, Any], says: str) -> None:
    assert word(CHECK, recorded(certificate=recorded()["certificate"] | change)).startswith(says)


def test_none_at_all() -> None:
    assert word(CHECK, recorded(certificate={})) == "missing or not readable"
    assert word(CHECK, recorded(certificate=None)) == CHECK.good


def made(at: Path, kind: str, *how: str) -> tuple[str, str]:
    key, crt = at / f"{kind}.key", at / f"{kind}.crt"
    subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", *how, "-out", key], check=True)
    name = ["-subj", "/CN=mech.is", "-addext", "subjectAltName=DNS:*.mech.is,DNS:mech.is"]
    subprocess.run(["openssl", "req", "-x509", "-key", key, "-days", "9", *name, "-out", crt], check=True)
    return str(crt), str(key)


# The last is shorter than what OpenSSL lets anybody serve with: that is not what is asked here.
@pytest.mark.parametrize(
    "how", [("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), ("ed25519",), ("rsa", "-pkeyopt", "rsa_keygen_bits:1024")]
)
def test_read_by_one_command(how: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crt, key = made(tmp_path, "own", *how)
    _, other = made(tmp_path, "other", *how)
    (tmp_path / "broken.key").write_text("no key\n")
    commands: list[str] = []
    monkeypatch.setattr(certificates, "run", lambda *argv: commands.append(argv[0]) or run(*argv))
    found = certificate(crt, key)
    assert found["matches"] and found["names"] == ["*.mech.is", "mech.is"] and found["end"].endswith(" GMT")
    assert commands == ["openssl"]
    for wrong in (other, str(tmp_path / "broken.key"), str(tmp_path / "none.key")):
        assert certificate(crt, wrong) == {**found, "matches": False}
    assert certificate(str(tmp_path / "none.crt"), key) == {}


def test_nobody_is_asked_for_the_word_of_a_locked_key(tmp_path: Path) -> None:
    crt, key = made(tmp_path, "own", "ed25519")
    locked = tmp_path / "locked.key"
    lock = ["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:a word", "-out", str(locked)]
    subprocess.run(lock, check=True)
    assert not certificate(crt, str(locked))["matches"]
