"""`mech preflight` as a frame: every check has its row and its time, and what was not looked at is not ok."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mech_infra.config import keypair
from mech_infra.config.platform import PlatformConfig
from mech_ops import pulumi
from mech_ops.errors import OpsError
from mech_ops.preflight import look, plugins
from mech_ops.preflight.checks import Check, NotLooked, Row, Subject, Wrong, run
from mech_ops.preflight.stack import Stack

REPO = Path(__file__).resolve().parents[3]


def ok() -> str:
    return "seen"


def wrong() -> str:
    raise Wrong("one is wrong; mend it", "two is wrong; mend it")


def unseen() -> str:
    raise NotLooked("there was no light")


def said(rows: list[Row]) -> list[tuple[str, str, str]]:
    return [(row.what, row.state, row.said) for row in rows]


def test_every_check_has_its_row_in_order_and_every_mistake_its_own() -> None:
    found = run([Subject("s", [Check("a", ok), Check("b", wrong), Check("c", unseen)])])
    assert said(found) == [
        ("a", "ok", "seen"),
        ("b", "wrong", "one is wrong; mend it"),
        ("b", "wrong", "two is wrong; mend it"),
        ("c", "not looked at", "there was no light"),
    ]


@pytest.mark.parametrize("bad", [wrong, unseen])
def test_the_rest_of_a_subject_needs_what_is_needed_and_others_do_not(bad: Any) -> None:
    found = run([Subject("s", [Check("a", bad, needed=True), Check("b", ok)]), Subject("t", [Check("c", ok)])])
    assert said(found)[-2:] == [("b", "not looked at", "it needs: a"), ("c", "ok", "seen")]


def test_a_check_that_hangs_ends_in_time_and_keeps_no_other_from_its_answer() -> None:
    never = threading.Event()
    hangs = [Check(str(n), lambda: str(never.wait(60))) for n in range(20)]
    begin = time.monotonic()
    found = run([Subject("s", [*hangs, Check("well", ok)]), Subject("t", hangs)], limit_s=0.3)
    assert time.monotonic() - begin < 3
    assert [row.state for row in found] == ["not looked at"] * 20 + ["ok"] + ["not looked at"] * 20
    assert found[0].said == "no answer within 0 s"
    never.set()


def test_a_check_that_breaks_takes_no_other_with_it() -> None:
    def broken() -> str:
        raise KeyError("odd")

    found = run([Subject("s", [Check("a", broken), Check("b", ok)])])
    assert said(found) == [("a", "not looked at", "the check itself failed (KeyError: 'odd')"), ("b", "ok", "seen")]


def test_only_all_well_is_0() -> None:
    row = Row("s", "a", "ok", "")
    assert look.exit_code([row]) == 0
    assert look.exit_code([row, Row("s", "b", "wrong", "")]) == 2
    assert look.exit_code([row, Row("s", "b", "not looked at", "")]) == 2


def test_no_secret_is_shown_whatever_an_answer_says() -> None:
    rows = look.hidden([Row("s", "a", "wrong", "the key s3cret-key is wrong")], ["s3cret-key", None, ""])
    assert rows[0].said == "the key … is wrong"


def test_the_key_pair_is_a_check(tmp_path: Path) -> None:
    keypair.make(tmp_path / "id")
    platform = PlatformConfig.model_validate({"host": {"sshPrivateKey": str(tmp_path / "id")}})
    assert look.key_pair(platform)
    (tmp_path / "id").chmod(0o644)
    with pytest.raises(Wrong, match="ssh refuses such a key; run: chmod 600"):
        look.key_pair(platform)


def test_every_image_of_the_program_is_asked_for_once() -> None:
    checks = look.images(PlatformConfig(), {}).checks
    assert [check.what for check in checks][:1] == ["ghcr.io/mech-is/mech-indexer:1.0.0"]
    assert len(checks) == len({check.what for check in checks}) == 10


# --- the CLI and its plugins ---


def test_the_sdks_say_which_plugins() -> None:
    assert {plugin.name for plugin in plugins.wanted()} == {"cloudflare", "command", "docker", "vultr"}
    assert next(p for p in plugins.wanted() if p.name == "vultr").install.endswith(
        "--server github://api.github.com/dirien/pulumi-vultr"
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "plugins"


DOCKER = plugins.Plugin("docker", "5.2.0")


def install(place: Path, version: str) -> Path:
    folder = place / f"resource-docker-v{version}"
    folder.mkdir(parents=True)
    (folder / "pulumi-resource-docker").touch()
    return folder


def test_the_pinned_plugin_is_well(place: Path) -> None:
    install(place, "5.2.0")
    install(place, "5.1.0")
    assert plugins.installed(DOCKER, place) == "5.2.0"


def test_a_stand_in_is_for_stand_ins_of_the_clouds_only(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (install(place, "5.2.0") / "pulumi-resource-docker").write_text("#!/bin/sh\n")
    monkeypatch.delenv("CLOUDFLARE_BASE_URL", raising=False)
    monkeypatch.setenv("MECH_VULTR_URL", "http://192.0.2.1")
    assert plugins.installed(DOCKER, place) == "5.2.0, a stand-in"
    monkeypatch.delenv("MECH_VULTR_URL")
    with pytest.raises(Wrong, match="holds a stand-in .* and the clouds are the real ones; remove it or use another"):
        plugins.installed(DOCKER, place)


def test_a_missing_another_and_a_half_fetched_plugin_are_told_apart(place: Path) -> None:
    with pytest.raises(
        Wrong, match=r"5\.2\.0 is wanted and it is not in .*; run: pulumi plugin install resource docker 5\.2\.0"
    ):
        plugins.installed(DOCKER, place)
    install(place, "5.1.0")
    with pytest.raises(Wrong, match=r"5\.2\.0 is wanted and only 5\.1\.0 of it is in"):
        plugins.installed(DOCKER, place)
    half = install(place, "5.2.0")
    half.with_name(f"{half.name}.partial").touch()
    with pytest.raises(Wrong, match=r"only 5\.1\.0"):
        plugins.installed(DOCKER, place)


def test_a_plugin_on_path_is_named(place: Path, tmp_path: Path) -> None:
    install(place, "5.2.0")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi-resource-docker").touch(mode=0o755)
    with pytest.raises(Wrong, match=r"bin/pulumi-resource-docker is on PATH and would be taken"):
        plugins.installed(DOCKER, place)


# --- the stack ---


class Cli:
    """Answers as the CLI did, by the command's second and third word."""

    def __init__(self, answers: dict[str, tuple[int, str]]) -> None:
        self.answers = answers

    def __call__(self, argv: list[str], *_: object, **__: object) -> subprocess.CompletedProcess[str]:
        code, text = next(
            answer for start, answer in self.answers.items() if " ".join(argv).startswith(f"pulumi {start}")
        )
        return subprocess.CompletedProcess(argv, code, *(("", text) if code else (text, "")))


LISTED = (0, json.dumps([{"name": "acme/mech/prod", "resourceCount": 3}]))


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "Pulumi.yaml").write_text("name: mech\n")
    (tmp_path / "Pulumi.prod.yaml").write_text((REPO / "Pulumi.sandbox.yaml").read_text())
    (tmp_path / "state" / ".pulumi").mkdir(parents=True)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'state'}")

    def make(**answers: tuple[int, str]) -> Stack:
        known = {"stack ls": LISTED, "config": (0, "{}")} | {k.replace("_", " "): v for k, v in answers.items()}
        monkeypatch.setattr(pulumi, "attempt", Cli(known))
        return Stack("prod", tmp_path)

    return make


BACKENDS = {
    "PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions": "pulumi is not logged in",
    'unable to open state directory "file:///x": stat /x: no such file or directory': "is not there; make it, or correct",
    'unable to open state directory "file:///x": open /x: permission denied': "cannot be read; correct its owner",
    'read ".pulumi/meta.yaml": blob (code=Unknown): operation error S3: dial tcp: no such host': "cannot be reached: read",
}


@pytest.mark.parametrize("words", list(BACKENDS))
def test_a_backend_that_cannot_be_used_says_why(stack: Any, words: str) -> None:
    rows = run([stack(stack_ls=(1, f"error: {words}\n")).subject()])
    assert rows[0].state == "wrong" and BACKENDS[words] in rows[0].said
    assert [row.said for row in rows[1:]] == ["it needs: state backend"] * 2


def test_a_password_in_the_backends_address_is_not_shown(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "postgres://me:hunter2@db/state")
    (row, *_) = run([stack(stack_ls=(1, "error: postgres://me:hunter2@db/state: refused")).subject()])
    assert "postgres://db/state" in row.said and "hunter2" not in row.said


PASSPHRASES = {
    "incorrect passphrase": "is not the one that Pulumi.prod.yaml is encrypted with",
    "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE": "is not set; export",
    "unable to read PULUMI_CONFIG_PASSPHRASE_FILE: open /x: no such file": "cannot be read; correct the path",
    "operation error KMS: AccessDenied": "cannot be read: operation error KMS: AccessDenied; correct",
}


@pytest.mark.parametrize("words", list(PASSPHRASES))
def test_a_passphrase_that_does_not_fit_says_why_and_the_plain_config_is_looked_at(stack: Any, words: str) -> None:
    looked = stack(config=(1, f"error: {words}\n"))
    rows = run([looked.subject()])
    assert [row.state for row in rows] == ["ok", "ok", "wrong"] and PASSPHRASES[words] in rows[2].said
    with pytest.raises(NotLooked, match="5 values are encrypted"):
        looked.config()
    platform, secrets = looked.platform()
    assert platform is not None and platform.domain == "mech.is" and secrets == {}


def test_a_stack_that_is_not_there_yet_and_one_that_runs(stack: Any) -> None:
    looked = stack()
    rows = run([looked.subject()])
    assert [row.state for row in rows] == ["ok", "ok", "not looked at"] and looked.running
    assert rows[2].said == "there is no secret yet to try it on"
    looked = stack(config=(0, json.dumps({"mech:GITHUB_TOKEN": {"value": "x", "secret": True}})))
    assert [row.state for row in run([looked.subject()])] == ["ok"] * 3
    looked = stack(stack_ls=(0, "[]"), stack_init=(1, "error: could not create secrets manager: incorrect passphrase"))
    rows = run([looked.subject()])
    assert rows[1].said == "will be created: pulumi stack init prod" and "is not the one" in rows[2].said


def test_a_stack_without_any_secret_yet_has_no_passphrase_to_try(stack: Any, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text((REPO / "Pulumi.prod.yaml").read_text())
    looked = stack(stack_ls=(0, "[]"))
    assert run([looked.subject()])[2].said.startswith("Pulumi.prod.yaml is not encrypted yet: pulumi stack init prod")
    with pytest.raises(Wrong) as caught:
        looked.config()
    assert len(caught.value.sentences) == 5 and "mech:OPENAI_API_KEY is missing" in caught.value.sentences[0]
    assert looked.platform()[0] is not None


def test_a_file_that_is_not_there_is_named(stack: Any, tmp_path: Path) -> None:
    looked = stack(stack_ls=(0, "[]"))
    (tmp_path / "Pulumi.prod.yaml").unlink()
    with pytest.raises(Wrong, match=r"Pulumi\.prod\.yaml does not exist: is --stack right\?"):
        looked.config()
    assert looked.platform() == (None, {})


def test_no_project_and_no_stack_end_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OpsError, match=r"there is no Pulumi\.yaml here or above"):
        Stack("prod")
    monkeypatch.setattr(pulumi, "attempt", Cli({"stack": (1, "error: no stack selected")}))
    with pytest.raises(OpsError, match="no stack is selected; name one"):
        Stack(None, tmp_path)


def test_a_command_of_the_cli_that_does_not_end_is_ended() -> None:
    begin = time.monotonic()
    with pytest.raises(OpsError, match="`sleep 30` does not end within 0 s"):
        pulumi.attempt(["sleep", "30"], 0.2)
    assert time.monotonic() - begin < 5
