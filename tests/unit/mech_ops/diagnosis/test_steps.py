"""A fix as steps: what may be copied into a shell, and where it is run."""

from __future__ import annotations

import subprocess

import pytest

from mech_ops.diagnosis.causes import TABLE
from mech_ops.diagnosis.steps import CONSOLE, Step, steps

REPOSITORY, HOST = "in the repository", "on the host"


@pytest.mark.parametrize(
    ("fix", "wanted"),
    [
        ("pulumi up", [Step(command="pulumi up", where=REPOSITORY)]),
        (
            "mech recover, then pulumi up",
            [Step(command="mech recover", where=REPOSITORY), Step(command="pulumi up", where=REPOSITORY)],
        ),
        (
            "kill $(lsof -t -i:80) when it is nobody's; then pulumi up",
            [
                Step(command="kill $(lsof -t -i:80)", where=HOST, note="when it is nobody's"),
                Step(command="pulumi up", where=REPOSITORY),
            ],
        ),
        (
            "docker stats --no-stream; top -b -n1 | head -15",
            [Step(command="docker stats --no-stream", where=HOST), Step(command="top -b -n1 | head -15", where=HOST)],
        ),
        (
            "at Vultr's console: systemctl start ssh; fail2ban-client unban --all",
            [
                Step(command="systemctl start ssh", where=CONSOLE),
                Step(command="fail2ban-client unban --all", where=CONSOLE),
            ],
        ),
        (
            "at Vultr's console: ufw status, free -m",
            [Step(command="ufw status", where=CONSOLE), Step(command="free -m", where=CONSOLE)],
        ),
        (
            "set its config right, then pulumi up; or mech rollback llm",
            [
                Step("set its config right"),
                Step(command="pulumi up", where=REPOSITORY),
                Step("or", command="mech rollback llm", where=REPOSITORY),
            ],
        ),
        ("docker rm -f it, or declare it", [Step("docker rm -f it, or declare it")]),
        ("ufw status | grep v6; ufw delete the rule", [Step(command="ufw status | grep v6", where=HOST), Step("ufw delete the rule")]),
        ("Cloudflare's dashboard: Security, WAF", [Step("Cloudflare's dashboard: Security, WAF")]),
    ],
)  # fmt: skip
def test_a_command_stands_alone_and_a_sentence_stays_one(fix: str, wanted: list[Step]) -> None:
    assert steps(fix, fix) == wanted


def test_a_shell_understands_every_command_of_the_table() -> None:
    commands = [step.command for about in TABLE.values() for step in steps(about.fix, about.fix) if step.command]
    assert len(commands) > 50
    done = subprocess.run(["bash", "-n"], input="\n".join(commands), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "brought", ["a; reboot", "$(reboot)", "`reboot`", "a && reboot", "a > /etc/passwd", "a\nreboot", 'a"']
)
def test_an_argument_that_is_more_than_a_word_to_a_shell_makes_no_command(brought: str) -> None:
    written = "docker restart {name}"
    assert "reboot" not in "".join(step.command for step in steps(written.format(name=brought), written))
    assert not [step for step in steps(written.format(name=brought), written) if step.command.endswith(brought)]
