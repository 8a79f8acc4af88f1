"""What `mech recover` runs on the host, run for real on a host that is a folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mech_infra.commands.volume import DATA
from mech_ops.recovery import docker, looking, strays, volume
from tests.unit.mech_infra.commands.rig import Rig

CTR = """case "$*" in
  *"list -q") printf 'a\\nb\\n' ;;
  *list) echo x >>$host/looks; [ "$(wc -l <$host/looks)" -gt "$(cat $host/last)" ] || echo "a 7 RUNNING" ;;
esac"""
COMING_UP = """case "$1" in
  is-system-running) echo x >>$host/asked; [ "$(wc -l <$host/asked)" -gt 2 ] && echo running || echo starting ;;
  show) echo active ;;
esac"""
DEVICE = "/dev/disk/by-id/virtio-ewr-1"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def running(rig: Rig, looks: int) -> None:
    """containerd has two tasks, which run for so many looks."""
    (rig.root / "last").write_text(str(looks))
    rig.fake("ctr", CTR)


def test_docker_stops_after_its_containers_were_asked(rig: Rig) -> None:
    running(rig, looks=3)
    rig.run(docker.stop())
    asked = [f"ctr -n moby tasks kill -s SIGTERM {id}" for id in "ab"]
    assert rig.called("SIGTERM|systemctl") == [*asked, "systemctl stop docker.socket docker.service"]
    assert len(rig.called("^sleep 1$")) == 3


def test_a_docker_that_does_not_stop_is_killed(rig: Rig) -> None:
    rig.fake("systemctl", 'case "$*" in "stop docker.socket docker.service" | is-active*) exit 1 ;; esac')
    rig.run(docker.stop())
    assert rig.called("systemctl")[1:] == [
        "systemctl stop docker.socket", "systemctl kill -s KILL docker.service", "systemctl stop docker.service",
        "systemctl is-active -q docker.service",
    ]  # fmt: skip


def test_containers_that_do_not_end_are_waited_for_a_minute(rig: Rig) -> None:
    running(rig, looks=1000)
    rig.fake("systemctl", '[ "$1" != is-active ]')
    rig.run(docker.kill())
    assert len(rig.called("^sleep 1$")) == docker.STOP_S - 16
    kill = rig.calls.index("systemctl kill -s KILL docker.service")
    assert rig.calls.index("ctr -n moby tasks kill -s SIGTERM a") < kill
    rig.fake("systemctl", "exit 0")
    assert rig.run(docker.kill(), check=False).returncode != 0  # it runs all the same


def test_docker_is_started_and_asked(rig: Rig) -> None:
    rig.run(docker.start())
    assert rig.calls == [
        "systemctl unmask -q docker.service docker.socket", "systemctl reset-failed docker.service docker.socket",
        "systemctl start docker.service",
    ]  # fmt: skip
    rig.run(docker.start(answer_s=60))
    assert rig.calls[-1] == "docker version"
    rig.fake("docker", "exit 1")
    assert rig.run(docker.start(answer_s=60), check=False).returncode == 1
    rig.fake("systemctl", '[ "$1" != start ]')
    rig.forget()
    assert rig.run(docker.start(answer_s=60), check=False).returncode == 1
    assert rig.called("docker version") == []


def test_a_host_is_asked_without_a_change(rig: Rig) -> None:
    rig.write(f"{DATA}/redis/dump.rdb", "")
    rig.write("/etc/systemd/system/mech-data.service", "")
    rig.fake("findmnt", 'case "$*" in *OPTIONS*) echo rw,noatime ;; *) echo 254:16 ;; esac')
    rig.fake("systemctl", COMING_UP)
    rig.fake("curl", "exit 28")
    rig.fake("dd")
    said = rig.run(looking.question("ewr-1"), check=False).stdout
    assert dict(re.findall(r"^mech-(\w+)=(.*)$", said, re.M)) == {
        "docker": "active", "answers": "28", "mounted": "254:16", "options": "rw,noatime", "device": "", "readable": "0",
        "boot": "yes",
    }  # fmt: skip
    assert rig.called("^dd") == [f"dd if={DEVICE} of=/dev/null bs=4096 count=1 iflag=direct"]
    assert len(rig.called("is-system-running")) == 3
    rig.fake("dd", "exit 1")
    assert "mech-readable=1" in rig.run(looking.question("ewr-1"), check=False).stdout


def test_a_host_that_does_not_come_up_is_asked_all_the_same(rig: Rig) -> None:
    rig.fake("systemctl", "echo starting")
    assert "mech-readable=" in rig.run(looking.question(""), check=False).stdout
    assert len(rig.called("^sleep 1$")) == looking.BOOT_S - 1


def test_a_stale_mount_is_taken_off_lazily(rig: Rig) -> None:
    rig.fake("mountpoint", "[ ! -e $host/off ]")
    rig.fake("umount", '[ "$1" = -l ] && touch $host/off')
    rig.run(volume.unmount())
    assert rig.called("^umount") == [f"umount {DATA}", f"umount -l {DATA}"]
    rig.run(volume.unmount())
    assert len(rig.called("^umount")) == 2


def test_the_volume_is_mounted_by_its_unit(rig: Rig) -> None:
    text = volume.mount("ewr-1").replace("[ -b ", "[ -e ")
    done = rig.run(text, check=False)
    assert done.returncode == 1
    assert f"{DEVICE} did not appear within 60 s; reboot the instance at Vultr, then mech recover" in done.stdout
    rig.write(DEVICE, "")
    assert rig.run(text).stdout == ""
    assert rig.called("systemctl restart") == ["systemctl restart mech-data.service"]
    rig.fake("mountpoint", "exit 1")
    done = rig.run(text, check=False)
    assert (done.returncode, done.stdout.replace(str(rig.root), "")) == (
        1,
        f"{DATA} is not mounted; read: journalctl -u mech-data\n",
    )
    rig.fake("systemctl", '[ "$1" != restart ]')
    rig.fake("journalctl", "echo wrong fs type")
    assert rig.run(text, check=False).stdout == "wrong fs type\n"


@pytest.mark.parametrize(
    ("broken", "words"),
    [("data", ["mech-data"]), ("swarm", ["mech-swarm"]), ("folder", ["no-folder"]), ("full", ["full"]), ("", [])],
)
def test_why_docker_does_not_start_is_looked_for(rig: Rig, broken: str, words: list[str]) -> None:
    rig.fake("systemctl", f"[ $3 = mech-{broken or 'x'}.service ]")
    rig.fake("df", f"echo ' {'100' if broken == 'full' else '40'}%'")
    rig.fake("journalctl", "echo said")
    if broken != "folder":
        rig.path("/var/lib/docker").mkdir(parents=True)
    assert rig.run(docker.reasons(), check=False).stdout.split() == [*words, "said"]


def test_what_is_ours_is_listed_and_removed_gently(rig: Rig) -> None:
    rig.run(strays.listing())
    assert rig.calls == [
        "docker info -f {{.Swarm.ControlAvailable}}",
        "docker ps -a --no-trunc --filter label=mech.managed=pulumi --format "
        '{{if not (.Label "com.docker.swarm.task.id")}}container {{.ID}} {{.Names}}{{end}}',  # those are the swarm's
        "docker network ls --no-trunc --filter label=mech.managed=pulumi --format network {{.ID}} {{.Name}}",
    ]
    rig.forget()
    rig.run(strays.removal("container", "abc"))
    rig.run(strays.removal("network", "n1"))
    assert rig.calls == ["docker stop -t 60 abc", "docker rm -f abc", "docker network rm n1"]


MANAGER = """case "$1 $2" in
  "info -f") echo true ;; "service ls") echo ONE ;; "service inspect") echo "service ONE mech-llms" ;;
  "secret ls") echo "secret TWO mech-llms-1a" ;;
esac"""


def test_who_manages_a_swarm_lists_what_of_it_is_ours(rig: Rig) -> None:
    one, two = "a" * 25, "b" * 25
    rig.fake("docker", MANAGER.replace("ONE", one).replace("TWO", two))
    assert rig.run(strays.listing()).stdout.splitlines() == [f"service {one} mech-llms", f"secret {two} mech-llms-1a"]
    rig.forget()
    rig.run(strays.removal("service", one))
    assert rig.calls == [f"docker service rm {one}"]
