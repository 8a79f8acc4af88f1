"""What ships is a file's text with its arguments."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mech_infra.commands.script import program, room, script
from tests.unit.mech_infra.commands.rig import Rig

WORDS = ["", "a b", "it's", '"$(id)"', "two\nlines", "-n", "\\", "ü"]


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "both.sh").write_text("#!/bin/sh\n. ./deep.sh\nboth() { deep; }\n")
    (tmp_path / "lib" / "deep.sh").write_text("#!/bin/sh\ndeep() { cat; }\n")
    (tmp_path / "says.sh").write_text(
        '#!/bin/sh\nset -eu\n. ./lib/both.sh\n. ./lib/deep.sh\nprintf \'%s|\' "$@" "${NAME-}"\nboth\n'
    )
    return tmp_path / "says.sh"


def test_every_word_arrives_and_stdin_stays_free(shell: Path, rig: Rig) -> None:
    assert rig.run(script(shell, *WORDS), "data").stdout == "|".join([*WORDS, "", "data"])
    assert rig.run(script(shell), "data").stdout == "|data"


def test_a_file_that_is_sourced_twice_stands_there_once(shell: Path) -> None:
    text = script(shell)
    assert text.count("deep() {") == 1
    assert ". ./" not in text


def test_a_program_has_its_values_on_top(shell: Path, tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_text(program(shell, "one", NAME="it's $HOME"))
    path.chmod(0o755)
    assert (
        subprocess.run([path], input="data", capture_output=True, text=True, check=True).stdout == "one|it's $HOME|data"
    )


def test_files_are_there_before_the_script_begins(tmp_path: Path, rig: Rig) -> None:
    (tmp_path / "reads.sh").write_text('#!/bin/sh\ncat "$1"\n')
    text = "it's $HOME\n`\\\n"
    done = rig.run(script(tmp_path / "reads.sh", "/opt/a/b", put={"/opt/a/b": ("640", text)}))
    assert done.stdout == rig.read("/opt/a/b") == text
    assert rig.mode("/opt/a/b") == "640"
    assert rig.called("^chown root:root /opt/a/b")


def test_a_room_is_beside_its_module() -> None:
    assert room("/x/redis.py") == Path("/x/redis")
