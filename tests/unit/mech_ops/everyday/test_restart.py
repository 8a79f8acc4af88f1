"""`mech restart`: one container after the other, with time to end, and never a database by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from mech_ops import stack_config
from mech_ops.errors import OpsError
from mech_ops.everyday import restart
from tests.unit.mech_infra.commands.rig import Rig

from . import stand

PAIR = ["mech-llms", "mech-llms-2"]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_config, "nobody_at_work", lambda stack: None)


DOCKER = """case "$1" in
  restart) echo 0 >$host/looks ;;
  inspect) n=$(($(cat $host/looks 2>/dev/null || echo 99) + 1)); echo $n >$host/looks
    [ $n -lt $(cat $host/well) ] && echo starting || echo healthy ;;
  logs) echo its last words ;;
esac"""


def docker(rig: Rig, looks: int) -> None:
    """A container is well at the so-manieth look after its restart."""
    rig.write("/opt/well", str(looks))
    rig.fake("docker", DOCKER.replace("$host/well", "/opt/well"))


def test_the_second_replica_waits_for_the_first(rig: Rig) -> None:
    docker(rig, looks=3)
    done = rig.run(restart.command("llm", PAIR))
    assert done.stdout.splitlines() == [
        "mech-llms: restarting", "mech-llms: healthy after 2 s", "mech-llms-2: restarting", "mech-llms-2: healthy after 2 s",
    ]  # fmt: skip
    what = [call.split()[1] for call in rig.calls if call.startswith(("docker", "sleep"))]
    assert what == ["inspect", "restart", *["inspect", "1"] * 2, "inspect"] * 2
    assert rig.called("restart") == ["docker restart -t 30 mech-llms", "docker restart -t 30 mech-llms-2"]


def test_a_database_has_a_minute_to_end(rig: Rig) -> None:
    docker(rig, looks=1)
    rig.run(restart.command("mongodb", ["mongodb"]))
    assert rig.called("restart") == ["docker restart -t 60 mongodb"]


def test_one_that_does_not_get_well_leaves_the_others_alone(rig: Rig) -> None:
    docker(rig, looks=10_000)
    done = rig.run(restart.command("llm", PAIR), check=False)
    assert (done.returncode, len(rig.called("restart"))) == (5, 1)
    last = "mech-llms is starting 90 s after its start; what it says: its last words"
    assert done.stdout.splitlines()[-1] == last


def test_one_that_is_not_there_and_a_docker_that_is_silent(rig: Rig) -> None:
    rig.fake("docker", '[ "$1" = version ]')
    assert rig.run(restart.command("llm", PAIR), check=False).returncode == 3
    rig.fake("docker", "exit 1")
    assert rig.run(restart.command("llm", PAIR), check=False).returncode == 4
    assert rig.called("docker restart") == []


def done(name: str, yes: bool = False) -> list[str]:
    said: list[str] = []
    restart.restart(None, name, yes, said.append)
    return said


def test_what_visitors_notice_is_said_first(ssh: stand.Ssh) -> None:
    ssh.answers('echo "mech-llms: restarting"')
    assert done("llm") == [
        "visitors notice nothing: nginx passes to the other containers of llm meanwhile; a stream is cut",
        "mech-llms: restarting",
    ]
    assert "mech:services.queue.replicas: 2" in done("queue")[0]
    assert done("redis", yes=True)[0].startswith("visitors get 503 from queue, sequences until redis is back")


def test_a_database_needs_a_yes(ssh: stand.Ssh, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="nothing was done: redis is a database, so say --yes"):
        done("redis")
    assert not (tmp_path / "bin/words").exists()


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (f'echo "mech-llms is unhealthy 90 s after its start; what it says: {stand.SECRET}"; exit 5',
         "mech-llms is unhealthy 90 s after its start; what it says: [secret]; the others were left alone. Next: mech diagnose"),
        ('echo "mech-llms is not there"; exit 3', "mech-llms is not there. Next: pulumi up"),
        ("exit 4", "Docker on the host did not do it: it does not answer. Next: mech diagnose"),
    ],
)  # fmt: skip
def test_what_fails_is_one_sentence(ssh: stand.Ssh, program: str, says: str) -> None:
    ssh.answers(program)
    with pytest.raises(OpsError) as failed:
        done("llm")
    assert str(failed.value) == says


def test_while_pulumi_works_nothing_is_restarted(ssh: stand.Ssh, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(stack: str | None) -> None:
        raise OpsError("another `pulumi` is at work")

    monkeypatch.setattr(stack_config, "nobody_at_work", busy)
    with pytest.raises(OpsError, match="another `pulumi`"):
        done("llm")
