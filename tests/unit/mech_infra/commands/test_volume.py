"""The data volume: mounted before docker, never formatted twice, and nobody writes beside it."""

from __future__ import annotations

from mech_infra.commands import volume
from mech_infra.commands.volume import DATA
from tests.unit.mech_infra.commands.rig import Rig

ENV = {"ID": "b1", "INSTANCE": "i1", "VULTR_API_KEY": "very-secret", "MECH_VULTR_URL": "http://vultr/v2"}
DEVICE = "/dev/disk/by-id/virtio-ewr-1"
ATTACHED = '{"block": {"attached_to_instance": "i1"}}'


def block_device(rig: Rig) -> None:
    rig.path(DEVICE).parent.mkdir(parents=True)
    rig.path(DEVICE).symlink_to("/dev/loop0")


def mounts(rig: Rig, script: str) -> None:
    """mech-data itself, as it stands on the host; `[ -b` holds for a real block device only, so it is told so."""
    rig.write(volume.SCRIPT, rig.moved(volume.files("ewr-1")[volume.SCRIPT]).replace("[ -b ", "[ -e "))
    rig.fake("mountpoint", script)


def test_a_volume_is_detached_only_where_another_took_its_place(rig: Rig) -> None:
    for others, posts in (("", 0), (ATTACHED, 1)):
        rig.fake("curl", f"case \"$*\" in *per_page*) echo '{ATTACHED} {others}' ;; *) echo '{ATTACHED}' ;; esac")
        rig.run(volume.detach_volume(), shell="sh", **ENV)
        assert len(rig.called("blocks/b1/detach")) == posts
    rig.fake("curl", "echo '{}'")
    rig.forget()
    rig.run(volume.detach_volume(), shell="sh", **ENV)
    assert rig.called("detach") == []


def test_only_an_empty_volume_is_formatted(rig: Rig) -> None:
    block_device(rig)
    mounts(rig, "exit 1")
    for has_data in (True, False):
        rig.fake("blkid", f"exit {0 if has_data else 1}")
        rig.forget()
        rig.run(f"sh {volume.SCRIPT}")
        assert rig.called("mkfs") == ([] if has_data else [f"mkfs.ext4 -q -L mech-data {DEVICE}"])
        assert rig.called("^mount ") == [f"mount -o noatime {DEVICE} {DATA}"]
    mounts(rig, "exit 0")
    rig.forget()
    rig.run(f"sh {volume.SCRIPT}")
    assert rig.called("mkfs|^mount ") == []


def test_a_device_that_does_not_appear_is_said(rig: Rig) -> None:
    mounts(rig, "exit 1")
    done = rig.run(f"sh {volume.SCRIPT}", check=False)
    assert done.returncode == 1
    assert done.stderr.replace(str(rig.root), "") == f"block storage {DEVICE} is not attached; attach it at Vultr\n"


def mount(rig: Rig) -> None:
    """`mount_volume` with a mech-data that only notes that it ran: the device is not real here."""
    rig.fake("mech-data")
    text = volume.mount_volume("ewr-1").replace(f"set -- {volume.SCRIPT}", "set -- mech-data").replace("[ -b ", "[ -e ")
    assert rig.run(text).stdout == "mounted ewr-1\n"


def test_a_mounted_volume_disturbs_nobody(rig: Rig) -> None:
    block_device(rig)
    rig.fake("mountpoint", 'case "$1" in -d | -x) echo 7:0 ;; esac')
    rig.fake("docker", f"stat -c %d {DATA}")
    mount(rig)
    assert rig.called("docker (stop|start|restart)|umount|systemctl (restart|stop)") == []
    assert rig.called("^(systemctl|mech-data)") == [
        "systemctl daemon-reload", "systemctl enable -q mech-data.service", "mech-data ", "systemctl start mech-data.service",
    ]  # fmt: skip
    for path, text in volume.files("ewr-1").items():
        assert (rig.read(path).replace("[ -e ", "[ -b "), rig.mode(path)) == (rig.moved(text), volume.MODES[path])
    assert rig.path(f"{DATA}/redis").is_dir() and rig.path(f"{DATA}/mongodb").is_dir()


def test_another_volume_is_taken_off_while_the_databases_are_down(rig: Rig) -> None:
    block_device(rig)
    rig.fake("mountpoint", 'case "$1" in -d) echo 7:1 ;; -x) echo 7:0 ;; esac')
    rig.fake("docker", f'case "$1" in ps) printf "redis\\nmongodb\\n" ;; exec) stat -c %d {DATA} ;; esac')
    mount(rig)
    assert rig.called("docker (stop|start)|umount|^mech-data") == [
        "docker stop -t 60 redis mongodb", f"umount {DATA}", "mech-data ", "docker start redis mongodb",
    ]  # fmt: skip


def test_a_database_that_writes_beside_the_volume_is_started_anew(rig: Rig) -> None:
    rig.fake("mountpoint", "exit 1")
    rig.fake("docker", f'case "$*" in "exec redis"*) echo 99999 ;; exec*) stat -c %d {DATA} ;; esac')
    mount(rig)
    assert rig.called("restart") == ["docker restart -t 60 redis"]


def test_a_disk_that_was_attached_a_moment_ago_is_waited_for_and_the_dead_one_taken_off(rig: Rig) -> None:
    rig.fake("sleep", "mkdir -p $host/dev/disk/by-id && ln -sf /dev/loop0 $host" + DEVICE)
    rig.fake("mountpoint", 'case "$1" in -d) echo 7:1 ;; -x) echo 7:0 ;; esac')
    rig.fake("docker", f'case "$1" in ps) printf "redis\\nmongodb\\n" ;; exec) stat -c %d {DATA} ;; esac')
    mount(rig)
    assert rig.called("sleep|docker (stop|start)|umount|^mech-data") == [
        "sleep 0.5", "docker stop -t 60 redis mongodb", f"umount {DATA}", "mech-data ", "docker start redis mongodb",
    ]  # fmt: skip


def test_what_is_mounted_without_a_disk_is_not_called_mounted(rig: Rig) -> None:
    done = rig.run(volume.mount_volume("ewr-1"), check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not attached; attach it at Vultr" in done.stderr
    assert rig.called("^docker") == []
