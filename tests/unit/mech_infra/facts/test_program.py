"""The program that reads a host, put together from the subjects, and the trip that takes it there."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from typing import Any

import pytest

from mech_infra.facts.host import program, trip
from mech_infra.facts.model import Unreachable

ACCESS = {"host": "192.0.2.1", "host_key": "ssh-ed25519 AAAA", "identity": "~/.ssh/key"}


# Every fact that is read on request, with as little to read as may be.
REQUEST: dict[str, dict[str, Any]] = {name: {} for name in program.ASKED} | {
    "answers": {"sites": {}},
    "paths": {"wanted": {}, "outside": ["127.0.0.1", 1]},
}


@pytest.mark.parametrize("asked", [{}, REQUEST])
def test_it_runs_with_the_standard_library_alone_and_finds_every_fact(asked: program.Asked) -> None:
    text = program.source(asked)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-"], input=text.encode(), capture_output=True, timeout=60, check=True
    )
    match = re.search(rb"^MECH-FACTS (\S+)$", done.stdout, re.M)
    assert match
    facts = json.loads(base64.b64decode(match[1]))
    assert set(facts) == {*program.READERS, *asked}
    # A reader that needs what does not go along would fail here.
    assert not re.search(rb"is not defined", done.stderr), done.stderr
    assert facts["mounts"]


@pytest.mark.parametrize("asked", [{}, REQUEST])
def test_nothing_but_readers_goes_along(asked: program.Asked) -> None:
    text = program.source(asked)
    names = re.findall(r"^def (\w+)", text, re.M)
    assert len(names) == len(set(names))
    assert not re.search(r"^(from|import) mech_infra|^class (?!Docker)|\bMANAGED\b", text, re.M)


def test_what_is_read_on_request_goes_along_only_then_with_what_it_calls() -> None:
    def defined(asked: program.Asked) -> set[str]:
        return set(re.findall(r"^def (\w+)", program.source(asked), re.M))

    plain, more = defined({}), defined({"paths": {"wanted": {}, "outside": ["x", 1]}})
    # What reads filesystems takes `paths`, too, and means its own.
    assert "space" in plain and not plain & {*program.ASKED, "resolved", "why"}
    assert {"paths", "resolved", "why"} <= more - plain and not more & (set(program.ASKED) - {"paths"})


def test_a_fact_that_nobody_reads_cannot_be_asked_for() -> None:
    with pytest.raises(KeyError, match="files"):
        program.source({"files": {}})


def test_the_key_that_is_accepted_is_the_one_that_the_stack_knows() -> None:
    argv = trip.command(ACCESS)
    assert argv[0] == "ssh" and argv[-2:] == ["root@192.0.2.1", "python3 -"]
    assert "KnownHostsCommand=/bin/echo 192.0.2.1 ssh-ed25519 AAAA" in argv


def answering(monkeypatch: pytest.MonkeyPatch, stdout: bytes, stderr: bytes = b"") -> list[Any]:
    trips: list[Any] = []

    def run(argv: list[str], **given: Any) -> subprocess.CompletedProcess[bytes]:
        trips.append(argv)
        return subprocess.CompletedProcess(argv, 0, stdout, stderr)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(trip, "share", lambda ssh, user_host: "")
    monkeypatch.setattr(trip, "_cache", {})
    return trips


def test_who_asks_within_seconds_shares_a_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    trips = answering(monkeypatch, b"a banner\nMECH-FACTS e30=\n")
    assert [trip.facts(ACCESS) for _ in range(3)] == [{}] * 3
    assert len(trips) == 1


def test_who_asks_for_more_has_a_trip_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    trips = answering(monkeypatch, b"MECH-FACTS e30=\n")
    for asked in (None, {}, {"jobs": {}}, {"jobs": {}}, {"answers": {"sites": {}}}):
        trip.facts(ACCESS, asked)
    assert len(trips) == 3


def test_a_host_that_says_something_else_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    trips = answering(monkeypatch, b"", b"Warning: x\nssh: connect to host 192.0.2.1 port 22: Connection refused\n")
    for _ in range(2):
        with pytest.raises(Unreachable, match="port 22: Connection refused"):
            trip.facts(ACCESS)
    assert len(trips) == 1
