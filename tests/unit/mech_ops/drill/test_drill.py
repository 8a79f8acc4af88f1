"""`mech drill`: what its stack is made of, that nothing else can be removed, and how it is told."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from mech_ops import api, pulumi, stack_config, up
from mech_ops.alerts import settings
from mech_ops.backup import restore
from mech_ops.backup.command import Asked
from mech_ops.cli import app
from mech_ops.drill import command, history, page, place, removal, report
from mech_ops.drill.history import Drill
from mech_ops.errors import OpsError
from tests.unit.mech_ops.diagnosis.html import read

NAME = "drill-0123abcd"
SECRET = "planted-secret-0123456789"
CONFIG: dict[str, Any] = {
    "mech:domain": {"value": "mech.is"},
    "mech:host": {"objectValue": {"region": "ewr", "plan": "vc2-4c-8gb", "hostname": "mech", "protect": True}},
    "mech:edge": {
        "objectValue": {"zoneId": "6d656368000000000000000000000000", "ssl": "strict", "blocked": ["198.51.100.7"]}
    },
    "mech:certificate": {"objectValue": {"source": "origin-ca"}},
    "mech:backup": {
        "objectValue": {"enabled": True, "repository": "r2:mech-backup/prod", "rpoHours": 8, "rtoMinutes": 10}
    },
    "mech:alerts": {"objectValue": {"enabled": True, "onHost": True}},
    "mech:ALERT_DESTINATIONS": {"value": SECRET, "secret": True},
    "mech:heal": {"objectValue": {"enabled": True}},
    "mech:BACKUP_PASSWORD": {"value": SECRET, "secret": True},
    "mech:environmentSecrets": {"objectValue": {"llm": {"TOKEN": SECRET}}, "secret": True},
}
GOOD = Drill(
    "2026-11-27T10:00:00+00:00", "ann@desk", "prod", NAME, 10, 8, {"up": 60.0, "restore": 30.0}, "abcd1234" * 8, 3600.0, 5, 7,
    ["llm"], 120.0,
)  # fmt: skip


@pytest.fixture(autouse=True)
def kept_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_its_stack_has_another_name_and_neither_a_record_nor_a_backup_nor_anybody_to_tell() -> None:
    plain, hidden = place.drilled(CONFIG, NAME)
    assert plain["mech:host"] == {"region": "ewr", "plan": "vc2-4c-8gb", "hostname": NAME, "protect": False}
    assert (plain["mech:edge"]["enabled"], plain["mech:edge"]["ssl"]) == (False, "full")
    assert (plain["mech:backup"]["onlyRestore"], plain["mech:backup"]["repository"]) == (True, "r2:mech-backup/prod")
    assert not {"mech:alerts", "mech:heal"} & set(plain) and "mech:ALERT_DESTINATIONS" not in hidden
    assert hidden == {"mech:BACKUP_PASSWORD": SECRET, "mech:environmentSecrets.llm.TOKEN": SECRET}
    assert SECRET not in json.dumps(plain)
    assert CONFIG["mech:host"]["objectValue"]["hostname"] == "mech"


def test_no_secret_is_written_or_in_a_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[list[str], str | None]] = []
    monkeypatch.setattr(pulumi, "run", lambda argv, text=None: told.append((argv, text)) or "")
    there = place.new(NAME)
    place.make(there, *place.drilled(CONFIG, NAME))
    assert SECRET in [text for _, text in told] and all(SECRET not in " ".join(argv) for argv, _ in told)
    files = [path for path in there.folder.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"passphrase", f"Pulumi.{NAME}.yaml", "Pulumi.yaml"}
    assert not any(SECRET in path.read_text() for path in files)
    assert oct((there.folder / "passphrase").stat().st_mode)[-3:] == "600"
    there.forget()
    assert place.known() == [] and (place.ROOT / "Pulumi.yaml").exists()


def test_the_engine_is_asked_for_its_own_state_and_for_the_real_one_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///real")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "real")
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    before, there = Path.cwd(), place.new(NAME)
    with pytest.raises(OpsError), there.entered():
        assert os.environ["PULUMI_BACKEND_URL"] == there.backend and "PULUMI_CONFIG_PASSPHRASE" not in os.environ
        assert Path.cwd() == there.folder
        raise OpsError("broken off")
    assert (os.environ["PULUMI_BACKEND_URL"], os.environ["PULUMI_CONFIG_PASSPHRASE"], Path.cwd()) == (
        "file:///real",
        "real",
        before,
    )
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in os.environ


class Clouds:
    """Vultr with the real host beside what an exercise made; a volume goes only when its instance is gone."""

    def __init__(self) -> None:
        self.there = {
            path: [{"id": f"{whose}-{path}", field: f"{whose}{behind}"} for whose in ("mech", NAME, f"{NAME}0")]
            for path, _, field, behind in removal.KINDS
        }
        self.asked: list[str] = []
        self.stuck = False
        self.client = httpx.Client(base_url="https://vultr.example/v2", transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        _, _, path, *rest = request.url.path.split("/")
        if path == "plans":
            return httpx.Response(200, json={"plans": []})
        if request.method == "GET":
            key = next(kind[1] for kind in removal.KINDS if kind[0] == path)
            return httpx.Response(200, json={key: self.there[path]})
        self.asked.append(rest[0])
        if path == "blocks" and (self.stuck or self.asked.count(rest[0]) == 1):
            return httpx.Response(400, json={"error": "attached"})
        self.there[path] = [item for item in self.there[path] if item["id"] != rest[0]]
        return httpx.Response(204)


def test_only_what_bears_its_very_name_is_removed_until_nothing_is_left() -> None:
    clouds = Clouds()
    assert removal.remove(NAME, clouds.client, pause=lambda _: None) == len(removal.KINDS)
    assert all(one.startswith(f"{NAME}-") for one in clouds.asked)
    assert all(len(those) == 2 for those in clouds.there.values())


@pytest.mark.parametrize("name", ["mech", "drill", "drill-", "drill-0123abcd-x", ""])
def test_another_name_is_never_removed(name: str) -> None:
    clouds = Clouds()
    with pytest.raises(ValueError, match="no exercise"):
        removal.remove(name, clouds.client)
    assert clouds.asked == []


def test_what_cannot_be_removed_is_named() -> None:
    clouds = Clouds()
    clouds.stuck = True
    with pytest.raises(OpsError, match=f"1 things of {NAME} are left at Vultr .*mech drill --clean"):
        removal.remove(NAME, clouds.client, limit_s=0, pause=lambda _: None)


@pytest.fixture
def exercise(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """All but the clouds: `fails` is a step that raises what it is."""
    about: dict[str, Any] = {"clouds": Clouds(), "fails": {}, "others": []}

    def step(name: str, gives: Any = None) -> Any:
        def does(*_: Any) -> Any:
            if error := about["fails"].get(name):
                raise error
            return gives

        return does

    looked = {"snapshot": {"id": "abcd1234", "at": 0.0}, "keys": 7, "collections": {"mech.jobs": 5}}
    monkeypatch.setattr(api, "vultr", lambda: about["clouds"].client)
    monkeypatch.setattr(removal, "_AGAIN_S", 0.0)
    monkeypatch.setattr(stack_config, "answer", lambda argv: CONFIG)
    monkeypatch.setattr(place, "make", step("prepare"))
    monkeypatch.setattr(up, "up", step("up"))
    monkeypatch.setattr(restore, "look", step("look", Asked(0, looked)))
    monkeypatch.setattr(restore, "live", lambda *_: about.get("live") or Asked(0, {}))
    monkeypatch.setattr(command, "well", lambda *_: (["llm"], about["others"]))
    yield about


def ran() -> Drill:
    return command.run(command.planned(None, "prod"), Console(quiet=True), lambda says: None)


def nothing_left(about: dict[str, Any]) -> bool:
    return place.known() == [] and not about["fails"].get("removal")


def test_an_exercise_has_phases_and_is_measured(exercise: dict[str, Any]) -> None:
    found = ran()
    assert list(found.phases) == ["prepare", "up", "restore", "ask", "remove"]
    assert (found.documents, found.keys, found.healthy, found.rto_minutes, found.rpo_hours) == (5, 7, ["llm"], 10, 8)
    assert found.in_time and not found.fresh  # a snapshot of 1970
    assert report.exit_code(found) == 2
    assert nothing_left(exercise)


@pytest.mark.parametrize(
    ("step", "error", "code"),
    [("up", OpsError("`pulumi up` failed: no room"), 1), ("prepare", OpsError("pulumi is not on PATH"), 1)],
)
def test_one_that_fails_is_told_and_removed(exercise: dict[str, Any], step: str, error: Exception, code: int) -> None:
    exercise["fails"][step] = error
    found = ran()
    assert (found.failed, found.healthy_s, report.exit_code(found)) == (str(error), None, code)
    assert nothing_left(exercise)


def test_a_restore_that_fails_and_a_service_that_is_not_well(exercise: dict[str, Any]) -> None:
    exercise["live"] = Asked(1, {}, "RESTORE_HALF", "the restore of snapshot abcd1234 failed")
    assert report.headline(ran()) == "not restored: the restore of snapshot abcd1234 failed"
    exercise["live"], exercise["others"] = None, ["queue"]
    found = ran()
    assert found.failed.endswith("queue") and report.exit_code(found) == 2
    assert nothing_left(exercise)


def test_ctrl_c_removes_what_was_made(exercise: dict[str, Any]) -> None:
    exercise["fails"]["up"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        ran()
    assert nothing_left(exercise)


def test_what_a_kill_left_is_cleaned_and_one_at_work_is_not(exercise: dict[str, Any]) -> None:
    left, busy = place.new("drill-00000001"), place.new("drill-00000002")
    said: list[str] = []
    with busy.held():
        assert command.clean(said.append) == [left.name]
    assert said == ["drill-00000002 is at work, and left alone"]
    assert [one.name for one in place.known()] == [busy.name]


def test_without_a_store_elsewhere_nothing_is_begun(exercise: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for backup, why in (
        ({"repository": "/mnt/backup"}, "in a folder of the host"),
        ({"enabled": False}, "there are no backups"),
    ):
        about = {**CONFIG["mech:backup"]["objectValue"], **backup}
        monkeypatch.setattr(
            stack_config, "answer", lambda argv, about=about: {**CONFIG, "mech:backup": {"objectValue": about}}
        )
        with pytest.raises(OpsError, match=why):
            command.planned(None, "prod")
    assert place.known() == []


def test_at_the_real_clouds_the_price_is_said_and_the_name_asked_for(
    exercise: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = {"plans": [{"id": "vc2-4c-8gb", "monthly_cost": 40}]}
    client = httpx.Client(
        base_url="https://v.example", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=plans))
    )
    monkeypatch.setattr(settings, "name", lambda stack: "prod")
    for name in ("MECH_VULTR_URL", "CLOUDFLARE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "vultr", lambda: client)
        for words in ([], ["--yes-i-mean", "prd"]):
            done = CliRunner().invoke(app, ["drill", *words])
            assert "vc2-4c-8gb in ewr, 40 USD a month" in done.output.replace("\n", " ")
            assert isinstance(done.exception, OpsError) and str(done.exception).startswith("nothing was begun")
    assert place.known() == [] and history.read(history.path("prod")) == []
    done = CliRunner().invoke(app, ["drill", "--yes-i-mean", "prod", "--json"])
    assert done.exit_code == 2 and history.read(history.path("prod"))[0].stack == "prod"


def test_the_page_shows_all_exercises_and_what_was_said_stays_words(tmp_path: Path) -> None:
    bad = dataclasses.replace(
        GOOD, when="2026-11-28T10:00:00+00:00", healthy_s=None, failed="<script>alert(1)</script>"
    )
    late = dataclasses.replace(GOOD, healthy_s=1200.0)
    for one in (GOOD, bad, late):
        history.append(history.path("prod"), one)
    with contextlib.suppress(FileNotFoundError), history.path("prod").open("a") as file:
        file.write('{"when": 1}\nno json\n')
    past = history.read(history.path("prod"))
    assert [one.failed != "" for one in past] == [False, False, True]
    html = page.page("prod", past)
    assert "<script>alert" not in html and "RTO not met" in html and "RTO met" in html and "60 s" in html
    assert len(read(html).all("article")) == 3
    assert "NOT met" in "\n".join(report.lines(late)) and report.exit_code(GOOD) == 0
