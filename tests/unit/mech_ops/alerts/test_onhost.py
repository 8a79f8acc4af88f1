"""The program on the host: one file, run by a Python that has nothing installed, on what scenarios showed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mech_infra import packing
from mech_infra.commands import alerts as commands
from mech_ops.alerts import onhost

from ..diagnosis import patches

TOKEN = "T0ken-Not-To-Be-Seen-4711"
# As the file runs it, but what the host says is told: the sensors judge nothing, as in a bundle of which the drift is known.
_DRIVER = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from mech_ops.alerts import command, onhost
folder, answers = Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())
assert "def main(readers" in onhost.program()
told = []
def judged(sensors, facts):
    seen = answers[min(len(told), len(answers) - 1)]
    told.append(1)
    return seen["drift"], seen["told"]
onhost.wanted.judged = judged
def read(text):
    host = answers[min(len(told), len(answers) - 1)]["host"]
    host["machine"]["now"] = time.time()  # its clock is its own
    return host
onhost.read = read
command.pause = lambda seconds: None
print([onhost.main(folder) for _ in answers[1:]])
assert not {"rich", "httpx", "pydantic", "pulumi"} & set(sys.modules)
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("host") / "mech-alert"
    path.write_bytes(commands.packed(patches.read().declared))
    return path


def run(program: Path, folder: Path, *names: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    bundles = [patches.read(*over) for over in names]
    answers = [{"host": one.facts.get("host", {}), "drift": one.drift, "told": one.told} for one in bundles]
    (folder / "answers.json").write_text(json.dumps(answers))
    order = {"declared": bundles[0].declared, "sensors": [], "least": "risk", "hidden": []}
    (folder / onhost.DECLARED).write_text(json.dumps(order))
    (folder / onhost.DESTINATIONS).write_text(f"json://127.0.0.1:1/{TOKEN}")
    argv = [sys.executable, "-I", "-S", "-c", _DRIVER, str(program), str(folder), str(folder / "answers.json")]
    env = {"XDG_STATE_HOME": str(folder / "state"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, env=env)


def test_it_tells_once_and_clears_once_by_the_standard_library_alone(program: Path, tmp_path: Path) -> None:
    """Apprise is not there: nothing is taken, everything waits, and nothing is lost or said twice."""
    broken = ("ufw-closed-80",)
    done = run(program, tmp_path, (), broken, broken, broken, (), ())
    assert done.returncode == 0, done.stderr
    memory = json.loads((tmp_path / "state/mech/alerts.json").read_text())
    titles = [one["title"] for one in memory["pending"]]
    assert len(titles) == 2 and "cleared" in titles[1] and memory["open"] == {}, titles
    assert done.stdout.splitlines()[-1] == "[0, 1, 1, 1, 1]"
    assert "ModuleNotFoundError" in done.stdout and TOKEN not in done.stdout + done.stderr + json.dumps(memory)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_broken_file_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, monkeypatch: Any
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(onhost, "read", lambda text: {})
    (tmp_path / onhost.DECLARED).write_text(text)
    (tmp_path / onhost.DESTINATIONS).write_text(TOKEN)
    monkeypatch.setattr(onhost, "program", lambda: "")
    assert onhost.main(tmp_path) == 1
    said = capsys.readouterr().err
    assert "cannot be read" in said and TOKEN not in said


def test_the_same_sources_are_the_same_bytes(program: Path) -> None:
    again = commands.packed(patches.read().declared)
    assert hashlib.sha256(again).digest() == hashlib.sha256(program.read_bytes()).digest()
    assert len(again) < 600_000


def test_what_goes_along_is_what_is_imported() -> None:
    found = packing.needed(["mech_ops.alerts.onhost"])
    assert {"mech_ops", "mech_ops.diagnosis.causes.firewall", "mech_infra.facts.host.trip"} <= found.keys()
    assert not {
        name for name in found if name.startswith(("mech_infra.config", "mech_infra.components", "mech_ops.cli"))
    }


def test_secrets_of_the_services_are_known_there(tmp_path: Path) -> None:
    (tmp_path / "llm").mkdir()
    (tmp_path / "llm/.env").write_text(
        "PORT=3008\nOPENAI_API_KEY=sk-of-openai\nREDIS_URL=redis://:pass%21word@redis:6379\n"
    )
    assert set(onhost.secrets(["OPENAI_API_KEY"], tmp_path)) == {"sk-of-openai", "pass%21word", "pass!word"}
