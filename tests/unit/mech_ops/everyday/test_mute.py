"""`mech mute` and `mech unmute`: what is noted, and what is refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from mech_ops.diagnosis import gather, mutes
from mech_ops.errors import OpsError
from mech_ops.everyday import mute
from tests.unit.mech_ops.diagnosis import patches
from tests.unit.mech_ops.diagnosis.test_by_hand import Change, answer, fact


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: mech\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def there(monkeypatch: pytest.MonkeyPatch, change: Change) -> str:
    """The stack's name, now that this is wrong on it."""
    seen = patches.read()
    change(seen)
    monkeypatch.setattr(gather, "look", lambda *_: seen)
    return str(seen.declared["stack"])


def muted(code: str, length: str | None = "4h", because: str | None = "the disk is ordered") -> list[str]:
    said: list[str] = []
    mute.mute("t", code, length, because, said.append)
    return said


def test_how_bad_it_is_now_is_noted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = there(monkeypatch, answer("llm", "edge", code=522))
    said = muted("between-edge-and-nginx", "4h", "Vultr's\nmaintenance")
    (noted,) = mutes.read(mutes.place(folder, stack), dt.datetime.now(dt.UTC)).values()
    assert (noted.code, noted.severity, noted.failing) == ("BETWEEN_EDGE_AND_NGINX", "outage", ("llm",))
    assert noted.until - noted.since == dt.timedelta(hours=4)
    assert noted.because == "Vultr's maintenance" and noted.who == mutes.me()
    assert "gets worse than outage; llm and no other service may fail of it" in said[1] and "commit it" in said[2]


def test_what_is_not_there_yet_may_come_at_its_mildest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = there(monkeypatch, fact("host.machine.reboot_required", False))
    assert "no service may fail of it" in muted("DISK_FULL")[1]
    (noted,) = mutes.read(mutes.place(folder, stack), dt.datetime.now(dt.UTC)).values()
    assert noted.failing == () and noted.severity == mute.TABLE["DISK_FULL"].floor


def test_unmute_counts_again_and_only_what_is_muted_can_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = there(monkeypatch, fact("host.machine.reboot_required", True))
    muted("REBOOT_REQUIRED")
    assert [one.code for one in mute.listed(stack)] == ["REBOOT_REQUIRED"]
    mute.unmute(stack, "REBOOT_REQUIRED", lambda _: None)
    assert mute.listed(stack) == [] and mute.as_json([]) == "[]"
    with pytest.raises(OpsError, match="REBOOT_REQUIRED is not muted"):
        mute.unmute(stack, "REBOOT_REQUIRED", lambda _: None)


@pytest.mark.parametrize(
    ("code", "length", "because", "says"),
    [
        ("DISC_FULL", "4h", "x", "there is no cause 'DISC_FULL'; did you mean DISK_FULL"),
        ("DISK_FULL", None, "x", "say for how long, and why"),
        ("DISK_FULL", "4h", "  ", "say for how long, and why"),
        ("DISK_FULL", "for ever", "x", "--for 'for ever' is no span of time"),
        ("DISK_FULL", "31d", "x", "--for 31d is too long"),
    ],
)
def test_bad_words_are_refused_before_anybody_is_asked(
    monkeypatch: pytest.MonkeyPatch, code: str, length: str | None, because: str | None, says: str
) -> None:
    monkeypatch.setattr(gather, "look", lambda *_: pytest.fail("the host was asked"))
    with pytest.raises(OpsError, match=says):
        muted(code, length, because)
