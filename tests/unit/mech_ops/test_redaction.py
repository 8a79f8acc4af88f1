"""No secret comes through, in whatever form; what is none stays; and the scan finds each that would be left."""

from __future__ import annotations

import dataclasses
import gzip

import pytest

from mech_ops import encodings, redaction
from mech_ops.diagnosis import gather
from mech_ops.redaction import MARK, leaks, redacted

from .diagnosis import patches
from .incident.planted import FOREIGN, FORMS, LOOKS, ODD, PACKED, PLAIN, SECRETS, SHORT

LINE = "2026-11-27T03:10:00Z mech-llms {} at 207.148.31.73 llm.mech.is"
CASES = [(how, secret) for how in FORMS for secret in SECRETS]


@pytest.mark.parametrize(("how", "secret"), CASES)
def test_a_known_secret_goes_in_every_form(how: str, secret: str) -> None:
    line = LINE.format(FORMS[how](secret))
    assert leaks(line.encode(), SECRETS), "it is found where nobody took it out"
    clean = redacted(f"before\n{line}\nafter", SECRETS)
    assert leaks(clean.encode(), SECRETS) == []
    assert FORMS[how](secret) not in clean and MARK in clean
    assert clean.startswith("before\n") and clean.endswith("\nafter")


OUTER = ("URL, mixed case", "base64, one on", "JSON", "hex", "hex with colons", "gzip in base64")


@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize("how", FORMS)
def test_a_form_in_another_form_goes_too(how: str, outer: str) -> None:
    for secret in SECRETS:
        line = LINE.format(FORMS[outer](FORMS[how](secret)))
        assert leaks(line.encode(), SECRETS), f"{secret} is found where nobody took it out"
        assert leaks(redacted(line, SECRETS).encode(), SECRETS) == []


@pytest.mark.parametrize("how", PACKED)
def test_what_is_compressed_comes_back_unpacked_and_clean(how: str) -> None:
    packed = PACKED[how](LINE.format(PLAIN).encode())
    assert leaks(packed, SECRETS)
    clean = redacted(packed, SECRETS)
    assert LINE.format(MARK).encode() in clean and leaks(clean, SECRETS) == []


@pytest.mark.parametrize("kind", LOOKS)
def test_what_looks_like_a_secret_goes(kind: str) -> None:
    line, secret = LOOKS[kind]
    assert leaks(line.encode(), []), "it is found where nobody took it out"
    clean = redacted(f"before\n{line}", [])
    assert secret not in clean and MARK in clean and clean.startswith("before\n")
    assert leaks(clean.encode(), []) == []


@pytest.mark.parametrize("how", ["base64", "base64, one on", "gzip in base64", "JSON", "URL", "hex"])
@pytest.mark.parametrize("kind", ["a private key", "an API key", "a password in an address"])
def test_what_looks_like_a_secret_goes_where_it_is_encoded(kind: str, how: str) -> None:
    line = FORMS[how](LOOKS[kind][0])
    assert leaks(line.encode(), [])
    assert leaks(redacted(line, []).encode(), []) == []


@pytest.mark.parametrize(
    "text",
    [
        "Up 2 minutes (healthy) 0.0.0.0:80->80/tcp https://llm.mech.is/health 207.148.31.73",
        "ssh -i ~/.ssh/vultr_mech_machines root@207.148.31.73; ssh://root@207.148.31.73:22",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "ssl_certificate_key /etc/ssl/mech/mech.key; proxy_set_header Authorization $http_authorization;",
        "Accepted publickey for root from 203.0.113.7 port 5022 ssh2: ED25519 SHA256:0Kq1hJ0u2Yk3m4n5o6p7q8r9s0t1u2v3w4x5y6z7A8B",
        "GET /v1/files?name=a%20b%2Fc&page=2 \\u00e9 &amp; disk-backup-of-yesterday-evening",
        "maxmemory-policy noeviction; the token is missing; no password",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text, SECRETS) == text and leaks(text.encode(), SECRETS) == []


@pytest.mark.parametrize("name", [None, *patches.names()])
def test_facts_of_a_platform_stay_as_they_are(name: str | None) -> None:
    seen = patches.read(*([name] if name else []))
    assert dataclasses.asdict(gather.scrubbed(seen, SECRETS)) == dataclasses.asdict(seen)


def test_a_bundle_has_no_secret_in_keys_or_values() -> None:
    seen = patches.read()
    seen.facts["host"]["inspected"]["mech-llms"]["said"] = [form(PLAIN) for form in FORMS.values()]
    seen.facts["host"][f"x-{PLAIN}"] = {"nested": [[f"redis://x:{FOREIGN}@redis"]]}
    seen.silent["zone"] = f"denied: {ODD}"
    assert leaks(seen.text().encode(), SECRETS)
    clean = gather.scrubbed(seen, SECRETS)
    assert leaks(clean.text().encode(), SECRETS) == []
    assert f"x-{MARK}" in clean.facts["host"] and clean.declared == seen.declared


def test_a_leak_is_told_by_its_kind_and_where_it_is_hidden() -> None:
    assert leaks(FORMS["gzip in base64"](PLAIN).encode(), SECRETS) == ["a secret of the stack (base64, compressed)"]
    assert leaks(b"x AKIAIOSFODNN7EXAMPLE", []) == ["a key of AWS"]


def test_of_two_secrets_the_longer_one_goes_whole() -> None:
    assert redacted(f"{SHORT}-and-more", [SHORT, f"{SHORT}-and-more"]) == MARK


def test_the_very_word_may_be_the_secret() -> None:
    clean = redacted("it is secret", ["secret"])
    assert clean == f"it is {MARK}" and leaks(clean.encode(), ["secret"]) == []


def test_what_nobody_can_look_through_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "UNPACKED_BYTES", 1000)
    bomb = gzip.compress(bytes(100_000))
    assert "nobody looks through" in leaks(bomb, [])[0]
    assert leaks(redacted(bomb, []), []) == []


def test_a_name_that_comes_again_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, key = list[bytes](), "hush-hush-0123"
    hides = redaction._Redactor._hides

    def noting(self: redaction._Redactor, data: bytes) -> bool:
        judged.append(data)
        return hides(self, data)

    monkeypatch.setattr(redaction._Redactor, "_hides", noting)
    entries = [{"state": "running", "said": f"x {key}"} for _ in range(50)]
    assert redacted(entries, [key]) == [{"state": "running", "said": f"x {MARK}"}] * 50
    assert sorted(judged) == [b"running", b"said", b"state", f"x {MARK}".encode()]
