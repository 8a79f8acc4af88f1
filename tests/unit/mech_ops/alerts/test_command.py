"""`mech alert` as a whole: what it posts, keeps, says and ends with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mech_ops import cli, kept, pulumi, stack_config
from mech_ops.alerts import command, memory, sending
from mech_ops.diagnosis import gather
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.errors import OpsError
from tests.receiver import Receiver, receiver

from ..diagnosis import patches
from ..diagnosis.test_by_hand import Change, answer

TOKEN = "T0ken-Not-To-Be-Seen-4711"
LLM_DOWN = answer("llm", "edge", code=522)


class World:
    """What the next looks show, one after the other; the last one again and again."""

    def __init__(self, there: Receiver, folder: Path) -> None:
        self.receiver, self.folder = there, folder
        self.shown: list[Change | OpsError] = []
        self.looks, self.slept = 0, 0.0
        self.config: dict[str, Any] = {
            "mech:alerts": {"objectValue": {"enabled": True}},
            "mech:ALERT_DESTINATIONS": {"value": f"{there.address(TOKEN)}", "secret": True},
        }

    def look(self, *_: Any) -> Bundle:
        self.looks += 1
        shown = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        if isinstance(shown, OpsError):
            raise shown
        seen = patches.read()
        shown(seen)
        return seen

    def sees(self, *shown: Change | OpsError) -> None:
        self.shown = list(shown)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    @property
    def file(self) -> Path:
        return kept.place("alerts-sandbox.json")


def well(_: Bundle) -> None: ...


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with receiver() as there:
        made = World(there, tmp_path)
        (tmp_path / "Pulumi.yaml").write_text("name: mech\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setattr(gather, "look", made.look)
        monkeypatch.setattr(stack_config, "answer", lambda argv: made.config)
        monkeypatch.setattr(pulumi, "run", lambda argv: "org/mech/sandbox\n")
        monkeypatch.setattr(command, "pause", made.sleep)
        monkeypatch.setattr(sending, "PAUSE_S", 0.01)
        yield made


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def mech(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["mech", "alert", *words])
        code = cli.main()
        said = capsys.readouterr()
        assert TOKEN not in said.out + said.err and "Traceback" not in said.err
        return code, said.out + said.err

    return run


def test_new_and_cleared_are_posted_once(world: World, mech: Run) -> None:
    codes = []
    for shown in (well, LLM_DOWN, LLM_DOWN, well, well):
        world.sees(shown)
        codes.append(mech()[0])
    assert codes == [0, 2, 2, 0, 0]
    there, cleared = world.receiver.titles
    assert there.startswith("Mech sandbox: outage ") and cleared.startswith("Mech sandbox: cleared ")
    assert TOKEN not in world.file.read_text() and world.file.stat().st_mode & 0o777 == 0o600


def test_the_all_clear_has_the_headline_of_the_alert(world: World, mech: Run) -> None:
    def three_things(seen: Bundle) -> None:
        LLM_DOWN(seen)
        seen.facts["host"]["redis_info"]["role"] = "slave"
        seen.facts["host"]["redis_info"]["connected_clients"] = 9900

    for shown in (three_things, well):
        world.sees(shown)
        mech()
    there, cleared = (title.split(" (and ")[0].split()[-1] for title in world.receiver.titles)
    assert there == cleared and len(world.receiver.got) == 2


def test_one_look_is_enough_where_there_is_no_news(world: World, mech: Run) -> None:
    world.sees(well)
    assert mech() == (0, "nothing new, and nothing is open\n") and (world.looks, world.slept) == (1, 0)
    world.sees(LLM_DOWN)
    mech()
    assert (world.looks, world.slept) == (3, command.AGAIN_S)
    code, said = mech()
    assert (code, world.looks) == (2, 4) and "told before, since " in said


def test_what_is_there_in_one_look_alone_is_not_told_and_what_came_meanwhile_is(world: World, mech: Run) -> None:
    world.sees(LLM_DOWN, well)
    assert mech()[0] == 0 and world.receiver.got == [] and world.looks == 2
    world.sees(LLM_DOWN, answer("search", "edge", code=403), answer("search", "edge", code=403))
    mech()
    assert world.looks == 5 and len(world.receiver.got) == 1 and "search" in world.receiver.got[0]["message"]
    assert "llm" not in world.receiver.got[0]["message"]


def test_what_is_not_taken_is_posted_by_the_next_run(world: World, mech: Run) -> None:
    world.sees(LLM_DOWN)
    world.receiver.answers = [503, 503]
    code, said = mech()
    assert code == 1 and "destination 1 json did not take it" in said and "1 message waits" in said
    assert world.receiver.got == [] and world.receiver.asked == 2
    world.sees(well)
    assert mech()[0] == 0
    assert [title.split()[2] for title in world.receiver.titles] == ["outage", "cleared"]
    mech()
    assert len(world.receiver.got) == 2


def test_what_waits_is_posted_where_nobody_can_look(world: World, mech: Run) -> None:
    world.sees(LLM_DOWN)
    world.receiver.answers = [503, 503]
    mech()
    world.sees(OpsError("the state backend is away"))
    code, said = mech()
    assert code == 1 and "the state backend is away" in said and len(world.receiver.got) == 1


def test_json_says_the_same_and_ends_the_same(world: World, mech: Run) -> None:
    world.sees(LLM_DOWN)
    code, said = mech("--json")
    data = json.loads(said)
    assert code == data["exit_code"] == 2 and data["stack"] == "sandbox" and data["failed"] == {}
    assert data["news"][0]["kind"] == "new" and data["news"][0]["services"] == ["llm"] and data["news"][0]["fix"]
    assert [one["title"] for one in data["messages"]] == world.receiver.titles
    world.receiver.answers = [503, 503]
    world.sees(well)
    code, said = mech("--json")
    assert code == json.loads(said)["exit_code"] == 1 and json.loads(said)["waiting"] == 1


def test_a_dry_run_posts_and_notes_nothing(world: World, mech: Run) -> None:
    del world.config["mech:ALERT_DESTINATIONS"]
    world.config["mech:alerts"] = {"objectValue": {}}
    world.sees(LLM_DOWN)
    code, said = mech("--dry-run")
    assert code == 2 and "would post: Mech sandbox: outage" in said and "  fix: " in said
    assert world.receiver.asked == 0 and not world.file.exists()


def test_a_test_asks_nobody_but_the_destinations(world: World, mech: Run) -> None:
    world.config["mech:alerts"] = {"objectValue": {}}
    assert mech("--test") == (0, "destination 1 json: took it\n")
    assert world.receiver.titles == ["Mech sandbox: test"] and world.looks == 0 and not world.file.exists()
    world.receiver.answers = [503, 503]
    code, said = mech("--test", "--json")
    assert code == json.loads(said)["exit_code"] == 1 and "503" in json.loads(said)["failed"]["1 json"]


def test_off_is_off(world: World, mech: Run) -> None:
    world.config["mech:alerts"] = {"objectValue": {"enabled": False}}
    assert mech() == (0, "alerts are off: mech:alerts.enabled\n")
    code, said = mech("--json")
    assert (code, json.loads(said)["exit_code"], world.looks) == (0, 0, 0)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("mech:ALERT_DESTINATIONS", None, "nobody is told without mech:ALERT_DESTINATIONS"),
        ("mech:ALERT_DESTINATIONS", {"value": f"json://x/y {TOKEN}"}, "place 2"),
        ("mech:alerts", {"objectValue": {"enabled": True, "least": "bad"}}, "mech:alerts is wrong"),
        ("mech:alerts", {"secret": True}, "mech:alerts is wrong"),
    ],
)
def test_a_wrong_config_is_a_sentence(world: World, mech: Run, key: str, value: Any, says: str) -> None:
    world.config[key] = value
    code, said = mech()
    assert code == 1 and says in " ".join(said.split())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"form": 1, "open": {"X": {}}}', '{"form": 9}', '{"form": 1, "open": [], '
                                  '"gone": {}, "pending": []}', "\0\0"])  # fmt: skip
def test_a_broken_file_is_said_and_what_is_wrong_is_told(world: World, mech: Run, text: str) -> None:
    world.file.parent.mkdir(parents=True)
    world.file.write_text(text)
    world.sees(LLM_DOWN)
    code, said = mech()
    assert code == 2 and f"{world.file} is broken; what is wrong now is told as new" in said.replace("\n", "")
    assert len(world.receiver.got) == 1
    assert mech()[0] == 2 and len(world.receiver.got) == 1


def test_two_at_once_do_not_tell_it_twice(world: World, mech: Run) -> None:
    world.sees(LLM_DOWN)
    with memory.alone(world.file):
        code, said = mech()
    assert code == 1 and "another `mech alert` of this stack is at work" in " ".join(said.split())
    assert world.looks == 0


def test_every_goes_on_until_it_is_ended(world: World, mech: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sees(well, OpsError("away"), LLM_DOWN, LLM_DOWN, LLM_DOWN, LLM_DOWN)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if waited.count(30.0) > 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(command, "pause", sleep)
    code, said = mech("--every", "30")
    assert code == 2 and "could not look: away" in said and len(world.receiver.got) == 1
    assert said.count("posted: ") == 1


def test_no_other_command_pays_for_the_library() -> None:
    import subprocess

    text = "import sys, mech_ops.cli, mech_infra.platform, mech_ops.alerts.command; print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
