"""A run on a host whose Docker is a fake one: what it does, notes and says, and how it ends."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.host import onhost as reading
from mech_infra.heal import audit, onhost
from mech_infra.heal.acting import Refused, cut

from .docker import FakeDocker
from .host import NAMES, OK, ORDER, Host


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    fake = FakeDocker(tmp_path / "docker.sock", Host())

    def connect(self: Any) -> None:
        self.sock = reading.socket.socket(reading.socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(fake.path))

    monkeypatch.setattr(reading.Docker, "connect", connect)
    monkeypatch.setattr(onhost, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(onhost, "SETTLE_S", 0.3)
    monkeypatch.setattr(audit, "LOG", tmp_path / "heal.jsonl")
    yield fake
    fake.close()


def run(fake: FakeDocker, *argv: str) -> int:
    names = list(fake.host.facts)
    readers = {name: (lambda name=name: json.loads(json.dumps(fake.host.facts[name])), {}) for name in names}
    return onhost.healed(readers, ORDER, ["--who", "me", *argv])


def noted() -> list[tuple[str, str, str]]:
    return [(one["did"], one["what"], one["outcome"]) for one in audit.read()]


def test_a_host_that_is_well_costs_nothing_and_says_so(docker: FakeDocker, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(docker) == 0
    assert (docker.asked, noted(), capsys.readouterr().out) == ([], [], "nothing is ill\n")


def test_what_is_ill_is_restarted_and_noted_before_and_after(docker: FakeDocker) -> None:
    docker.host.is_("mech-llms", "exited")
    assert run(docker) == 0
    assert docker.asked == ["/containers/idmechllms/restart?t=30"]
    assert noted() == [("restart", "mech-llms", "begun"), ("restart", "mech-llms", "restarted, well after 0 s")]
    first = audit.read()[0]
    assert (first["who"], first["id"], first["why"]) == ("me", "idmechllms", "it is exited (exit code 0)")


def test_a_database_and_then_who_stands_on_it_in_one_run(docker: FakeDocker) -> None:
    docker.host.is_("mongodb", "exited").is_("mech-search", "exited")
    assert run(docker) == 0
    assert docker.asked == ["/containers/idmongodb/restart?t=60", "/containers/idmechsearch/restart?t=30"]


def test_room_is_made_first_and_then_the_rest(docker: FakeDocker) -> None:
    docker.host.full(99).is_("mech-llms", "exited", networks=[])
    assert run(docker) == 0
    assert docker.asked == [
        "/images/prune?filters=%7B%22dangling%22%3A%20%5B%22true%22%5D%7D",
        "/networks/mech-network/connect", "/containers/idmechllms/restart?t=30",
    ]  # fmt: skip
    assert docker.bodies[1] == {"Container": "idmechllms", "EndpointConfig": {"Aliases": ["mech-llms"]}}


def test_one_that_stays_ill_is_tried_once_a_run_and_not_again_before_its_time(docker: FakeDocker) -> None:
    docker.host.unhealthy("mech-llms")
    docker.stubborn = {"mech-llms"}
    assert [run(docker) for _ in range(5)] == [2] * 5
    assert docker.asked == ["/containers/idmechllms/restart?t=30"]
    assert noted()[1][2] == "restarted, unhealthy after 0 s"


def test_one_run_tries_nobody_twice_however_long_it_waits(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    docker.host.unhealthy("mech-llms").is_("mech-reader", "exited")
    docker.stubborn = {"mech-llms"}
    monkeypatch.setitem(ORDER["limits"], "first_wait_s", 0)
    assert run(docker) == 2
    assert sorted(docker.asked) == ["/containers/idmechllms/restart?t=30", "/containers/idmechreader/restart?t=30"]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    docker: FakeDocker, capsys: pytest.CaptureFixture[str]
) -> None:
    docker.host.is_("mech-llms", "exited").is_("mech-reader", "restarting")
    assert run(docker, "--dry-run", "--wire") == 2
    records = [json.loads(line.removeprefix(onhost.MARK)) for line in capsys.readouterr().out.splitlines()]
    assert [one["kind"] for one in records] == ["alive", "step", "left", "end"]
    assert (records[1]["what"], records[2]["code"], records[3]["code"]) == ("mech-llms", "crashes", 2)
    assert (docker.asked, noted()) == ([], [])


def test_who_got_well_between_the_look_and_the_act_is_not_touched(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.host.unhealthy("mech-llms").is_("mech-search", "exited")
    tried = onhost.tried_out

    def later(step: Any, *more: Any) -> Any:
        docker.host.is_("mech-llms", "running", health="healthy")
        docker.host.facts["answers"]["llm"]["containers"]["mech-llms"] = OK
        docker.host.is_("mech-search", "running", health="healthy", started="2026-11-27T11:59:59Z")
        return tried(step, *more)

    monkeypatch.setattr(onhost, "tried_out", later)
    assert run(docker) == 0
    assert docker.asked == []
    assert [outcome for _, _, outcome in noted() if outcome != "begun"] == [
        "not done: it is well meanwhile", "not done: somebody else started it or made it anew meanwhile",
    ]  # fmt: skip


def test_what_cannot_be_noted_is_not_done(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(audit, "LOG", tmp_path / "file" / "heal.jsonl")
    monkeypatch.setattr(onhost, "read", list)
    docker.host.is_("mech-llms", "exited")
    assert run(docker) == 2
    assert docker.asked == []


def test_dockers_words_are_told_when_it_refuses(docker: FakeDocker) -> None:
    docker.host.is_("mech-llms", "exited")
    docker.refuses = "port is already allocated"
    assert run(docker) == 2
    assert noted()[1][2] == "not done: Docker refuses: port is already allocated"


def test_two_never_heal_at_once(docker: FakeDocker, capsys: pytest.CaptureFixture[str]) -> None:
    docker.host.is_("mech-llms", "exited")
    with onhost.LOCK.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert run(docker) == 1
    assert docker.asked == [] and "another healer" in capsys.readouterr().out


def test_what_is_left_is_noted_once_an_hour(docker: FakeDocker) -> None:
    docker.host.is_("mech-llms", "restarting")
    assert [run(docker) for _ in range(3)] == [2] * 3
    assert noted() == [("left: crashes", "mech-llms", "next: mech diagnose")]


def test_a_listener_that_went_away_does_not_stop_it(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> int:
        raise BrokenPipeError

    docker.host.is_("mech-llms", "exited")
    monkeypatch.setattr(onhost.sys.stdout, "write", broken)
    assert run(docker, "--wire") == 0
    assert noted()[-1][2] == "restarted, well after 0 s"


def test_a_log_is_cut_to_its_last_whole_lines_in_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "aa-json.log"
    monkeypatch.setattr("mech_infra.heal.acting._LOG", __import__("re").compile(r".*/aa-json\.log(\.1)?"))
    lines = [f'{{"log":"line {number}"}}\n' for number in range(100_000)]
    path.write_text("".join(lines))
    (tmp_path / "aa-json.log.1").write_text("x" * 500_000)
    inode = path.stat().st_ino
    with path.open("a") as docker_writes:
        cut(str(path))
        docker_writes.write('{"log":"after"}\n')
    said = path.read_text().splitlines(keepends=True)
    assert path.stat().st_ino == inode and said[-1] == '{"log":"after"}\n'
    assert said[:-1] == lines[-len(said) + 1 :] and 5_000 < len(said) < 20_000
    cut(str(tmp_path / "aa-json.log.1"))
    assert (tmp_path / "aa-json.log.1").read_text() == ""


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/var/lib/docker/containers/../../../../etc/passwd", "/var/lib/docker/containers/a/hosts"]
)
def test_only_a_containers_log_is_ever_cut(path: str) -> None:
    with pytest.raises(Refused, match="no container's log"):
        cut(path)


def test_the_order_has_everybody(docker: FakeDocker) -> None:
    assert [one["name"] for one in ORDER["containers"]][:5] == [
        "mongodb",
        "redis",
        "mech-queue",
        "mech-llms",
        "mech-storage",
    ]
    assert len(NAMES) == 10
