"""Mutes: what is muted is shown and counts no more, until its time is over or it gets worse."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mech_ops.diagnosis import command, gather, mutes, page, ranking, report
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.mutes import Mute
from mech_ops.errors import OpsError

from . import patches
from .test_by_hand import Change, answer, both, fact, silent

NOW = dt.datetime(2026, 11, 27, 3, 0, tzinfo=dt.UTC)
REBOOT = fact("host.machine.reboot_required", True)
LLM_ILL = answer("llm", "edge", code=503, status="degraded", dependencies={"openai": "HTTP 500 from OpenAI"})
LLM_DOWN = answer("llm", "edge", code=522)
SEARCH_DOWN = answer("search", "edge", code=522)


def muted(code: str, severity: Any = "risk", failing: tuple[str, ...] = ()) -> dict[str, Mute]:
    return {code: Mute(code, "eve@laptop", "known", NOW, NOW + dt.timedelta(hours=4), severity, failing)}


def diagnosed(change: Change, given: dict[str, Mute]) -> ranking.Diagnosis:
    seen = patches.read()
    change(seen)
    return ranking.diagnose(Look(seen), given)


def as_text(found: ranking.Diagnosis) -> str:
    out = io.StringIO()
    Console(file=out, width=200).print(report.text(found))
    return out.getvalue()


# -- what it does to a diagnosis -------------------------------------------------------------------------------------


def test_what_is_muted_is_shown_and_does_not_count() -> None:
    severity = diagnosed(REBOOT, {}).named[0].severity
    found = diagnosed(REBOOT, muted("REBOOT_REQUIRED", severity))
    assert [named.code for named in found.named] == ["REBOOT_REQUIRED"] and found.exit_code == 0
    assert "muted    by eve@laptop until 2026-11-27 07:00 UTC: known" in as_text(found)
    assert report.headline(found).startswith("all 8 services are well; nothing is wrong")
    assert report.headline(found).endswith("(muted: REBOOT_REQUIRED)")
    data = report.data(found)
    assert data["exit_code"] == 0 and data["causes"][0]["muted"]["because"] == "known"
    assert "until 2026-11-27 07:00 UTC: known" in page.page(found)


def test_another_cause_beside_it_counts_and_is_named_before_it() -> None:
    both_there = both(
        fact("host.redis_info.connected_clients", 9900), fact("host.redis_info.rdb_last_bgsave_status", "err")
    )
    first = diagnosed(both_there, {}).named[0]
    found = diagnosed(both_there, muted(first.code, first.severity))
    assert found.exit_code == 2 and found.named[-1].code == first.code
    assert found.named[0].sentence in report.headline(found)


def test_a_service_that_fails_of_it_does_not_count_and_another_one_does() -> None:
    there = next(named for named in diagnosed(LLM_ILL, {}).named if named.code == "VENDOR_FAILS")
    given = muted("VENDOR_FAILS", there.severity, there.failing)
    assert diagnosed(LLM_ILL, given).exit_code == 0
    beside = diagnosed(both(LLM_ILL, fact("host.machine.load", [99.0, 98.0, 50.0])), given)
    assert report.headline(beside) == f"1 of 8 services degraded: {there.sentence} (muted: VENDOR_FAILS)"
    assert diagnosed(both(LLM_ILL, SEARCH_DOWN), given).exit_code == 2


def test_a_worse_severity_ends_it() -> None:
    found = diagnosed(LLM_DOWN, {})
    there = found.named[0]
    found = diagnosed(LLM_DOWN, muted(there.code, "degraded", there.failing))
    assert there.severity == "outage" and found.exit_code == 2 and found.muted == {}
    assert found.outgrown == {there.code: "it was degraded, and is outage"}
    assert "was muted, and counts again: it was degraded, and is outage" in as_text(found)


def test_another_service_that_fails_of_it_ends_it() -> None:
    two = both(LLM_DOWN, SEARCH_DOWN)
    there = diagnosed(two, {}).named[0]
    assert there.failing == ("llm", "search")
    found = diagnosed(two, muted(there.code, "outage", ("llm",)))
    assert found.outgrown == {there.code: "search fails, too"} and found.exit_code == 2
    assert diagnosed(LLM_DOWN, muted(there.code, "outage", ("llm", "search"))).exit_code == 0  # better than it was


def test_a_host_that_is_known_to_be_away_does_not_count_and_a_silent_zone_does() -> None:
    away = silent("host", "ssh: connect: Connection timed out")
    there = next(named for named in diagnosed(away, {}).named if named.code == "SSH_TIMED_OUT")
    given = muted("SSH_TIMED_OUT", there.severity)
    assert diagnosed(away, given).exit_code == 0
    assert diagnosed(both(away, silent("zone", "answered 500")), given).exit_code == 2


# -- where it is kept ------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_until_its_time_is_over(tmp_path: Path) -> None:
    path = mutes.place(tmp_path, "org/mech/prod")
    assert path.name == "Pulumi.prod.mutes.jsonl" and mutes.read(path, NOW) == {}
    wanted = muted("REBOOT_REQUIRED", "notice", ("llm",))["REBOOT_REQUIRED"]
    mutes.mute(path, wanted)
    assert mutes.read(path, NOW) == {"REBOOT_REQUIRED": wanted}
    assert mutes.read(path, wanted.until) == {}


def test_it_is_its_own_audit_log(tmp_path: Path) -> None:
    path = mutes.place(tmp_path, "prod")
    mutes.mute(path, muted("DISK_FULL", "data")["DISK_FULL"])
    mutes.end(path, "DISK_FULL", NOW, "bob@desk", "by hand")
    assert mutes.read(path, NOW) == {}
    noted = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(one["did"], one["code"], one["who"], one["because"], one["at"][:10]) for one in noted] == [
        ("mute", "DISK_FULL", "eve@laptop", "known", "2026-11-27"),
        ("unmute", "DISK_FULL", "bob@desk", "by hand", "2026-11-27"),
    ]


@pytest.mark.parametrize(
    "line", ["<<<<<<< HEAD", "[]", '{"did": "mute", "code": "X"}', '{"did": "mute", "code": "X", "who": "", "because": "", '
             '"since": "2026-11-27", "until": "2026-11-28", "severity": "risk", "failing": []}'],
)  # fmt: skip
def test_a_file_that_is_broken_names_the_line(tmp_path: Path, line: str) -> None:
    path = mutes.place(tmp_path, "prod")
    mutes.mute(path, muted("DISK_FULL")["DISK_FULL"])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(OpsError, match=r"Pulumi.prod.mutes.jsonl, line 2 is no note of a mute"):
        mutes.read(path, NOW)


# -- mech diagnose ---------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: mech\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def look(monkeypatch: pytest.MonkeyPatch, change: Change) -> Bundle:
    seen = patches.read()
    change(seen)
    monkeypatch.setattr(gather, "look", lambda *_, **_how: seen)
    return seen


def test_diagnose_ends_a_mute_for_good_when_it_gets_worse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = look(monkeypatch, both(LLM_DOWN, SEARCH_DOWN))
    code = ranking.diagnose(Look(seen)).named[0].code
    path = mutes.place(folder, seen.declared["stack"])
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    mutes.mute(path, Mute(code, "eve", "known", NOW, later, "outage", ("llm",)))
    assert command.diagnose(None, None, None, Console(quiet=True)).exit_code == 2
    assert json.loads(path.read_text().splitlines()[-1])["because"] == "worse: search fails, too"
    look(monkeypatch, LLM_DOWN)
    assert command.diagnose(None, None, None, Console(quiet=True)).exit_code == 2


def test_a_broken_file_is_said_and_mutes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = look(monkeypatch, LLM_DOWN)
    mutes.place(folder, seen.declared["stack"]).write_text("<<<<<<<\n")
    out = io.StringIO()
    assert command.diagnose(None, None, None, Console(file=out, width=200)).exit_code == 2
    assert "no cause is taken for muted" in out.getvalue()


def test_a_bundle_says_what_was_seen_muted_or_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = look(monkeypatch, REBOOT)
    seen.write(folder / "then.json")
    there = ranking.diagnose(Look(seen)).named[0]
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    mutes.mute(
        mutes.place(folder, seen.declared["stack"]), Mute(there.code, "eve", "known", NOW, later, there.severity, ())
    )
    assert command.diagnose(None, folder / "then.json", None, Console(quiet=True)).muted == {}
    assert there.code in command.diagnose(None, None, None, Console(quiet=True)).muted
