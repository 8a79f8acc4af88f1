"""What a person sees of `pulumi up`: what it is at, what changed, and the engine's own words only when it fails."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mech_ops import cli, host_state, pulumi
from mech_ops.errors import OpsError
from mech_ops.up import Progress, up

from .engine_says import CONTAINER, said, step

LLM = {"name": "mech-llms", "envs": ["KEY=hunter2"]}


def cli_that_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *lines: str, code: int = 0) -> None:
    (tmp_path / "said").write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "pulumi").write_text("\n".join(["#!/bin/sh", f"cat {tmp_path}/said", f"exit {code}"]))
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def seen(**how: Any) -> str:
    console = Console(file=io.StringIO(), width=120)
    try:
        up(None, console, **how)
    except OpsError as error:
        console.print(error)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_changed_is_told_by_part_and_what_did_not_is_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cli_that_says(
        monkeypatch, tmp_path,
        step("refresh", CONTAINER, LLM, LLM),
        step("update", CONTAINER, LLM, LLM), step("update", CONTAINER, LLM, LLM, done=True),
        step("create", "cloudflare:index/dnsRecord:DnsRecord", None, {"name": "x.mech.is"}, name="e", part="Edge", done=True),
        step("same", CONTAINER, LLM, LLM, name="other", done=True),
        *(step("create", CONTAINER, None, {"name": f"c{n}"}, name=f"c{n}", part="Images", done=True) for n in range(9)),
        said("warning", "not ours: the container x"),
        said("debug", "preparing resource"), said("info#err", "a line of some plugin"),
    )  # fmt: skip
    text = seen()
    assert "services     container mech-llms updated" in text
    assert "edge         record x.mech.is created" in text
    assert "9 created" in text and "c3" not in text
    assert "1 updated, 10 created, 1 unchanged" in text
    assert "not ours: the container x" in text
    assert "preparing" not in text and "some plugin" not in text and "hunter2" not in text


def test_when_it_fails_the_engines_words_are_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    urn = f"urn:pulumi:s::mech::{CONTAINER}::services-llm-1"
    hangs = said("warning", "Docker on host 192.0.2.1 does not answer")
    cli_that_says(
        monkeypatch, tmp_path, hangs, said("error", "no such image", urn), said("error", "update failed"), code=255
    )
    text = seen()
    assert "Docker on host 192.0.2.1 does not answer" in text
    assert "services-llm-1: no such image" in text and "`pulumi up` failed: its own words are above" in text


def test_what_it_says_before_its_first_event(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cli_that_says(monkeypatch, tmp_path, "error: incorrect passphrase", code=255)
    assert "`pulumi up` failed: incorrect passphrase. Next: mech drift" in seen()


def test_with_verbose_the_engines_own_display_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cli_that_says(monkeypatch, tmp_path, "Updating (sandbox):")
    assert seen(verbose=True) == ""
    assert "Updating (sandbox):" in capfd.readouterr().out
    assert "--json" in pulumi.up_command("s") and "--json" not in pulumi.up_command("s", verbose=True)


def test_the_line_says_what_it_is_at() -> None:
    import json

    progress = Progress()
    progress.take(json.loads(step("refresh", CONTAINER, LLM, LLM)))
    assert progress.line() == "asking what is there: 1 looked at"
    progress.take(json.loads(step("update", CONTAINER, LLM, LLM)))
    assert progress.line().startswith("putting it right: 0 done; container mech-llms (0 s)")
    progress.take(json.loads(step("update", CONTAINER, LLM, LLM, done=True)))
    assert progress.line() == "putting it right: 1 done"


def test_what_a_command_says_of_its_progress_is_told_and_its_last_word_stays() -> None:
    import json

    command = "command:local:Command"
    urn = f"urn:pulumi:s::mech::mech:platform:Draining${command}::draining-left"
    progress = Progress()
    progress.take(json.loads(step("delete", command, {}, None, name="draining-left", part="Draining")))
    progress.take(json.loads(said("info", "5 s of 30", urn, ephemeral=True)))
    assert progress.line() == "putting it right: 0 done; command draining-left (0 s, 5 s of 30)"
    progress.take(json.loads(said("info", "all is answered", urn, ephemeral=True)))
    # What plugins say of their own is no command's.
    progress.take(json.loads(said("info", "pulling", f"urn:pulumi:s::mech::{CONTAINER}::x", ephemeral=True)))
    progress.take(json.loads(step("delete", command, {}, None, name="draining-left", part="Draining", done=True)))
    assert progress.summary() == [
        "draining-left: all is answered",
        "  proxy        command draining-left deleted",
        "1 deleted, 0 unchanged",
    ]
    # Once is enough.
    progress.take(json.loads(said("warning", "all is answered")))
    assert progress.summary()[0] == "  proxy        command draining-left deleted"


def test_the_command_ends_with_an_exit_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["mech", "up"])
    cli_that_says(monkeypatch, tmp_path, code=255)
    assert cli.main() == 1
    cli_that_says(monkeypatch, tmp_path)
    assert cli.main() == 0


def test_a_host_that_is_to_be_made_first_is_not_asked_what_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cli_that_says(monkeypatch, tmp_path, '{"deployment": {"resources": []}}')
    with (tmp_path / "pulumi").open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write(text.replace("cat ", f'echo "$*" >>{tmp_path}/asked; cat '))
    for known in (False, True):
        monkeypatch.setattr(host_state, "to_come", lambda state, known=known: known)
        seen()
    ups = [line for line in (tmp_path / "asked").read_text().splitlines() if line.startswith("up ")]
    assert ["--refresh=false" in line for line in ups] == [False, True]
