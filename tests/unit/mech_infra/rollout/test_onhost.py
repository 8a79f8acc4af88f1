"""The steps on the host, against a Docker and services of the test's own: who serves, who is stopped, what is said."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mech_infra.commands import rollout
from mech_infra.rollout import asking, onhost

OLD, NEW = "a" * 64, "b" * 64
ORDER: dict[str, Any] = {
    "service": "llm", "name": "mech-llms", "version": "new", "slot": "green", "start_timeout_s": 5, "watch_s": 3,
    "drain_s": 5, "secrets": ["KEY", "REDIS_URL"],
    "containers": [{"id": NEW, "name": "mech-llms", "port": 23008, "internal": 3008}],
}  # fmt: skip


class World:
    """Two versions of llm: the old one serves from blue, the new one stands in green. Time passes when one sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.now, self.stopped, self.log = 1_000_000.0, [], "listens\n"  # type: ignore[var-annotated]
        self.all = {
            OLD: self.container("mech-llms", "old", "blue", 13008),
            NEW: self.container("mech-llms-new", "new", "green", 23008),
        }
        self.answers = {13008: (200, "ok"), 23008: (200, "ok"), 80: (200, "ok")}
        self.open = 0
        monkeypatch.setattr(asking, "docker", self.docker)
        monkeypatch.setattr(asking, "health", lambda port, host="", timeout=3: self.answers[port])
        monkeypatch.setattr(onhost, "FLAGS", tmp_path / "mech")
        monkeypatch.setattr(onhost, "RECORDS", tmp_path / "records")
        monkeypatch.setattr(asking, "connections", self.connections)
        monkeypatch.setattr(onhost.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(onhost.time, "time", lambda: self.now)
        monkeypatch.setattr(onhost.time, "sleep", self.sleep)
        self.events: list[tuple[float, Any]] = []

    def container(self, name: str, version: str, slot: str, port: int) -> dict[str, Any]:
        labels = {
            "mech.service": "llm",
            "mech.version": version,
            "mech.slot": slot,
            "mech.image": f"llm:{version}",
            "mech.replica": "1",
        }
        return {
            "name": name, "labels": labels, "port": port, "running": True, "restarts": 0, "exit": 0, "oom": False,
            "started": self.now, "env": ["KEY=sk-very-secret", "REDIS_URL=redis://:p%40ss@redis:6379"],
        }  # fmt: skip

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.01)
        for event in [one for one in self.events if one[0] <= self.now]:
            self.events.remove(event)
            event[1]()

    def after(self, seconds: float, what: Any) -> None:
        self.events.append((self.now + seconds, what))

    def connections(self, ports: set[int]) -> int:
        return self.open if 13008 in ports else 0

    def docker(self, method: str, path: str, timeout: float = 20) -> Any:
        if path.startswith("/containers/json"):
            return [
                {"Id": id, "Names": [f"/{c['name']}"], "Labels": c["labels"], "State": "running" if c["running"] else "exited",
                 "Ports": [{"PublicPort": c["port"]}] if c["running"] else []}
                for id, c in self.all.items()
            ]  # fmt: skip
        _, _, key, verb = path.partition("?")[0].split("/")
        found = [(id, c) for id, c in self.all.items() if key in (id, c["name"])]
        if not found:
            return None
        id, c = found[0]
        if verb == "json":
            return {
                "Id": id, "Name": f"/{c['name']}", "RestartCount": c["restarts"],
                "Config": {"Env": c["env"], "Labels": c["labels"]}, "HostConfig": {"Memory": 64 << 20},
                "State": {"Running": c["running"], "OOMKilled": c["oom"], "ExitCode": c["exit"], "Error": "",
                          "StartedAt": onhost.time.strftime("%Y-%m-%dT%H:%M:%S", onhost.time.gmtime(c["started"]))},
            }  # fmt: skip
        if verb == "logs":
            data = self.log.encode()
            return struct.pack(">BxxxI", 1, len(data)) + data
        if verb == "stop":
            c["running"] = False
            self.stopped.append(c["name"])
        if verb == "rename":
            wanted = path.partition("name=")[2]
            assert wanted not in [other["name"] for other in self.all.values()], "Docker gives a name once"
            c["name"] = wanted
        return b""

    @property
    def names(self) -> dict[str, str]:
        return {c["labels"]["mech.version"]: c["name"] for c in self.all.values()}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    return World(monkeypatch, tmp_path)


def refused(capsys: pytest.CaptureFixture[str], step: Any, order: dict[str, Any] = ORDER) -> str:
    with pytest.raises(SystemExit) as ended:
        step(order)
    assert ended.value.code == 1
    return " ".join(capsys.readouterr().err.split())


def test_a_healthy_version_takes_over_with_the_guides_name(world: World) -> None:
    onhost.switch(ORDER)
    assert onhost.serving("llm") == "green"
    assert world.names == {"new": "mech-llms", "old": "mech-llms-old"}
    onhost.switch(ORDER)  # the second time changes nothing
    onhost.watch(ORDER)
    assert (onhost.serving("llm"), world.stopped) == ("green", [])


def test_back_to_blue(world: World) -> None:
    onhost.pass_to("llm", "green")
    onhost.switch(
        {
            **ORDER,
            "slot": "blue",
            "version": "old",
            "containers": [{"id": OLD, "name": "mech-llms", "port": 13008, "internal": 3008}],
        }
    )
    assert onhost.serving("llm") == "blue"


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (lambda w: w.all[NEW].update(running=False, exit=3), "ended (exit code 3)"),
        (lambda w: w.all[NEW].update(running=False, oom=True, exit=137), "needs more memory than its limit of 64 MiB"),
        (lambda w: w.after(1, lambda: w.all[NEW].update(restarts=1)) or w.answers.update({23008: (0, "x")}), "was restarted"),
        (lambda w: w.answers.update({23008: (0, "nothing listens there")}), "not healthy after 5 s: nothing listens on its port 3008"),
        (lambda w: w.answers.update({23008: (503, "no database")}), "not healthy after 5 s: /health answers 503: no database"),
    ],
)  # fmt: skip
def test_a_broken_version_is_refused_at_the_gate(
    world: World, capsys: pytest.CaptureFixture[str], breaks: Any, says: str
) -> None:
    breaks(world)
    world.log = "KEY is sk-very-secret\nredis://:p%40ss@redis p@ss\n"
    said = refused(capsys, onhost.switch)
    assert "the new version new (llm:new) is refused: " in said and says in said
    assert "version old goes on serving" in said and "mech rollback llm" in said
    assert "KEY is [KEY]" in said and "sk-very" not in said and "p%40ss" not in said and "p@ss" not in said
    assert onhost.serving("llm") == "blue"
    assert world.all[OLD]["running"] and world.stopped == ["mech-llms-new"]


@pytest.mark.parametrize("before", range(380, 500, 7))
def test_no_part_of_a_secret_is_left_where_an_answer_is_cut(
    world: World, capsys: pytest.CaptureFixture[str], before: int
) -> None:
    world.answers[23008] = (503, "x" * before + "sk-very-secret")
    assert "sk-" not in refused(capsys, onhost.switch)


def test_without_a_version_before_the_new_one_is_left_to_be_looked_at(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    del world.all[OLD]
    world.answers[23008] = (503, "no database")
    assert "nothing else of llm runs" in refused(capsys, onhost.switch)
    assert world.all[NEW]["running"]


def test_what_served_before_and_was_made_anew_need_not_be_well(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A vendor is down: nothing else of the service could do better. But nothing at all is not let in."""
    onhost.switch(ORDER)
    world.all[NEW]["started"] -= 1000
    onhost.watch(ORDER)
    del world.all[OLD]
    world.answers |= {23008: (503, "openai is away"), 80: (503, "openai is away")}
    onhost.switch(ORDER)
    assert onhost.serving("llm") == "green"
    assert "is refused" in refused(capsys, onhost.switch, {**ORDER, "version": "another"})
    world.answers[23008] = (0, "nothing listens there")
    assert "nothing listens on its port 3008" in refused(capsys, onhost.switch)


def test_where_nothing_else_could_serve_nothing_is_waited_for(world: World) -> None:
    onhost.switch(ORDER)
    del world.all[OLD]
    begin = world.now
    onhost.watch(ORDER)
    assert world.now - begin < 1


@pytest.mark.parametrize("how", ["crash", "unhealthy"])
def test_what_fails_while_it_is_watched_gives_way(world: World, capsys: pytest.CaptureFixture[str], how: str) -> None:
    onhost.switch(ORDER)
    if how == "crash":
        world.after(2, lambda: world.all[NEW].update(restarts=1))
    else:
        world.after(1, lambda: world.answers.update({23008: (500, "oops")}))
    assert "version old serves again" in refused(capsys, onhost.watch)
    assert onhost.serving("llm") == "blue"
    assert world.names == {"old": "mech-llms", "new": "mech-llms-new"}
    assert world.stopped == ["mech-llms"]


def test_one_answer_that_fails_is_no_reason(world: World) -> None:
    onhost.switch(ORDER)
    world.after(1, lambda: world.answers.update({23008: (500, "")}))
    world.after(1.6, lambda: world.answers.update({23008: (200, "")}))
    onhost.watch(ORDER)
    assert onhost.serving("llm") == "green"


def test_when_the_one_before_is_ill_too_nothing_goes_back(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    onhost.switch(ORDER)
    world.after(1, lambda: world.answers.update({23008: (503, "no database"), 13008: (503, "no database")}))
    assert "nothing else of llm runs that could serve" in refused(capsys, onhost.watch)
    assert onhost.serving("llm") == "green" and world.stopped == []


def test_an_old_container_is_not_watched_again(world: World) -> None:
    onhost.switch(ORDER)
    world.all[NEW]["started"] -= 1000
    begin = world.now
    onhost.watch(ORDER)
    assert world.now - begin < 1


def test_requests_under_way_are_waited_for_but_not_for_ever(world: World) -> None:
    onhost.switch(ORDER)
    world.all[NEW]["started"] -= 1000
    world.open = 1
    world.after(3, lambda: setattr(world, "open", 0))
    begin = world.now
    onhost.watch(ORDER)
    assert 2.9 < world.now - begin < 4
    world.open, begin = 1, world.now
    onhost.watch(ORDER)
    assert 5 <= world.now - begin < 6


def test_nginx_that_does_not_pass_on_is_told_and_nothing_changes(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.answers[80] = (502, "")
    assert "nginx on the host does not pass to it (502)" in refused(capsys, onhost.switch)
    assert onhost.serving("llm") == "blue"


ROOM = {"service": "llm", "name": "mech-llms", "version": "next", "slot": "green"}


def test_room_is_made_where_a_refused_version_stands(world: World) -> None:
    onhost.room(ROOM)
    assert world.stopped == ["mech-llms-new"]
    onhost.room({**ROOM, "slot": "blue", "version": "old"})
    assert world.stopped == ["mech-llms-new"]


def test_a_version_that_serves_gives_way_to_the_one_that_stands_by_only(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed between the switch and its end."""
    onhost.pass_to("llm", "green")
    onhost.room(ROOM)
    assert (onhost.serving("llm"), world.stopped) == ("blue", ["mech-llms-new"])
    world.all[NEW]["running"] = True
    onhost.pass_to("llm", "green")
    world.answers[13008] = (503, "")
    assert "nothing else of llm runs that could serve meanwhile" in refused(capsys, onhost.room, ROOM)
    assert onhost.serving("llm") == "green" and world.stopped == ["mech-llms-new"]


def test_a_watch_of_what_no_longer_serves_is_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert "the blue slot serves" in refused(capsys, onhost.watch)


def test_it_runs_alone_as_it_does_on_the_host(tmp_path: Path) -> None:
    for path, text in rollout.files().items():
        (tmp_path / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path[1:]).write_text(text)
    # Without what is installed here, and from no folder of ours.
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-S", tmp_path / rollout.PROGRAM[1:], "watch"], input=json.dumps(ORDER), capture_output=True,
        text=True, check=False, cwd="/",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "the blue slot serves, not version new any more" in done.stderr
