"""The command line itself: every command says how it is used and how it ends, and bad input is a sentence."""

from __future__ import annotations

import io
import shlex
import signal
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from mech_ops import cli
from mech_ops.cli import config, shared
from mech_ops.everyday import logs, settings

EVERYDAY = (
    "ps", "logs", "ssh", "restart", "heal", "queue", "queue requeue", "env set", "env unset", "block", "unblock", "mute", "unmute",
    "version",
)  # fmt: skip


@pytest.mark.parametrize("command", EVERYDAY)
def test_help_has_an_example_the_exit_codes_and_the_stack(command: str) -> None:
    done = CliRunner().invoke(cli.app, [*command.split(), "--help"], terminal_width=200)
    said = " ".join(done.output.split())
    assert done.exit_code == 0
    assert f"mech {command}" in said and "Exit codes: " in said and "--stack" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["logs"], "Missing argument"),
        (["ps", "--nope"], "No such option"),
        (["logs", "llm", "--tail", "many"], "Invalid value"),
        (["heal", "--log", "--tail", "0"], "Invalid value"),
        (["logs", "[/bold]"], "there is no '[/bold]'"),
        (["restart", "mongo"], "did you mean mongodb?"),
        (["block", "everybody"], "neither an IP address nor a CIDR"),
        (["mute"], "say which cause"),
        (["unmute", "X"], "there is no cause 'X'"),
        (["env", "set", "llm", "GITHUB_TOKEN"], "GITHUB_TOKEN is a secret of indexer"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_1(
    words: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mech", *words])
    assert cli.main() == 1
    said = " ".join(capsys.readouterr().err.split())
    assert says in said and "Traceback" not in said


def test_a_value_never_stands_in_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    monkeypatch.setattr(settings, "put", lambda stack, where, value, say: given.append(value))
    monkeypatch.setattr(config, "then_up", lambda stack, at_once: given.append(f"up {at_once}"))
    done = CliRunner().invoke(cli.app, ["env", "set", "llm", "LEVEL", "--up"], input="debug\n")
    assert (done.exit_code, given) == (0, ["debug", "up True"])
    assert CliRunner().invoke(cli.app, ["env", "set", "llm", "LEVEL", "debug"]).exit_code != 0


def test_a_terminal_is_asked_and_a_secret_is_not_shown_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def prompt(text: str, hide_input: bool, err: bool) -> str:
        asked.append(hide_input)
        return "x"

    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(typer, "prompt", prompt)
    monkeypatch.setattr(settings, "put", lambda *_: None)
    for key in ("LEVEL", "OPENAI_API_KEY"):
        config.put("llm", key)
    assert asked == [False, True]


def test_logs_come_out_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "mech-llms | [red]not markup[/] " + "x" * 200
    monkeypatch.setattr(logs, "show", lambda *given: given[-1](line))
    minded: list[int] = []
    monkeypatch.setattr(signal, "signal", lambda number, _: minded.append(number))
    assert CliRunner().invoke(cli.app, ["logs", "llm"]).output == line + "\n"
    assert signal.SIGTERM in minded  # or what runs on the host would outlive `timeout 10 mech logs llm --follow`


@pytest.mark.parametrize(
    "words",
    ["", "--stack s", "-s s --json", "-ss --html=a --from b --save c", "--json --json", "--html ''", "--from b --help", "x",
     "--nope", "--stack", "--json x"],
)  # fmt: skip
def test_a_light_command_reads_what_typer_reads(words: str) -> None:
    def read(light: bool) -> tuple[dict[str, Any], str]:
        command = typer.main.get_command(cli.app).commands["diagnose"]  # type: ignore[attr-defined]
        if not light:
            command.__class__ = shared.TyperCommand
        try:
            return command.make_context("diagnose", shlex.split(words)).params, ""
        except Exception as error:
            return {}, repr(error)

    assert read(light=True) == read(light=False)


def test_a_command_of_ours_is_found_alone_and_others_with_all() -> None:
    assert typer.main.get_command(cli._named("diagnose")).commands.keys() == {"diagnose"}  # type: ignore[attr-defined, arg-type]
    assert typer.main.get_command(cli._named("queue")).commands.keys() == {"queue"}  # type: ignore[attr-defined, arg-type]
    assert typer.main.get_command(cli._named("trust-host-key")).commands.keys() == {"trust-host-key"}  # type: ignore[attr-defined, arg-type]
    assert cli._named("sandbox") is cli._named("--help") is cli._named("nonsense") is None
    whole = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    assert len(whole) > 20, "the whole app is as it was"
