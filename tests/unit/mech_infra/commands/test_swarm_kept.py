"""A swarm whose one manager is lost: what it knew is on the data volume, and its workers find the next one."""

from __future__ import annotations

import pytest

from mech_infra.commands import swarm
from tests.unit.mech_infra.commands.rig import Rig

OLD, NEW, OWN = "10.96.0.3", "10.96.0.9", "10.96.0.4"
FLEETS = "/opt/mech-services/shared/data/swarm"
NOTED = f"{swarm.SWARM}/docker-state.json"
KEEP = swarm.keep("abc")
JOIN = swarm.join(OWN, NEW, encrypted=False)
# `state` is how Docker is with the swarm ("active true"), `managers` where it looks for them.
DOCKER = """case "$*" in
  "network inspect"*) echo "$(cat /etc/docker/bridge) br-mech-fleet" ;;
  *RemoteManagers*) cat /etc/docker/managers ;;
  *ControlAvailable*) cat /etc/docker/state ;;
  *NodeID*) echo "active two" ;;
  *LocalNodeState*) cut -d' ' -f1 /etc/docker/state ;;
  *Cluster.ID*) echo cluster ;;
  *SnapshotInterval*) echo 10000 ;;
  "node inspect self"*) cat /etc/docker/at ;;
  "swarm init"*) mkdir -p /var/lib/docker/swarm/raft; echo "active true" >/etc/docker/state ;;
esac"""


@pytest.fixture(autouse=True)
def host(rig: Rig) -> None:
    rig.write("/etc/docker/state", "inactive false")
    rig.write("/etc/docker/bridge", NEW)
    rig.write("/etc/docker/at", f"{NEW}:2377")
    rig.fake("docker", DOCKER)
    rig.fake("mountpoint", "[ -e /etc/mounted ]")
    rig.fake("mount", "touch /etc/mounted")
    rig.fake("umount", "rm /etc/mounted")


def test_before_there_is_a_swarm_its_place_is_on_the_volume(rig: Rig) -> None:
    rig.write(f"{FLEETS}/of-before/raft/x", "")
    assert rig.run(KEEP).stdout == "is there\n"
    assert rig.called("^mount ") == [f"mount --bind {FLEETS}/abc {swarm.SWARM}"]
    assert [one.name for one in rig.path(FLEETS).iterdir()] == ["abc"] and rig.mode(f"{FLEETS}/abc") == "700"
    for path, text in swarm.files("abc").items():
        assert (rig.read(path), rig.mode(path)) == (rig.moved(text), swarm.MODES[path])
    rig.forget()
    assert rig.run(KEEP).stdout == "is there\n" and not rig.called("^mount |^docker|systemctl start")


def test_a_swarm_that_runs_is_moved_before_docker_starts_the_next_time(rig: Rig) -> None:
    rig.write("/etc/docker/state", "active true")
    rig.write(NOTED, "{}")
    assert rig.run(KEEP).stdout == "is there from the next boot on\n"
    assert rig.called("systemctl") == ["systemctl daemon-reload", "systemctl enable -q mech-swarm.service"]
    assert not rig.called("^mount ")
    rig.run(f"sh {swarm.SCRIPT} state")
    assert rig.read(f"{FLEETS}/abc/docker-state.json") == "{}" and rig.called("^mount ")


def test_what_the_volume_has_is_not_written_over(rig: Rig) -> None:
    rig.run(KEEP)
    rig.run("rm /etc/mounted")
    rig.write(f"{FLEETS}/abc/docker-state.json", "volume")
    rig.write(NOTED, "disk")
    rig.run(f"sh {swarm.SCRIPT} state")
    assert rig.read(f"{FLEETS}/abc/docker-state.json") == "volume"


def test_a_new_host_waits_to_be_told_where_it_is(rig: Rig) -> None:
    """The folder is the mount here: what is removed from one would be from the other."""
    rig.write(NOTED, "{}")
    rig.run(KEEP)
    assert not rig.path(NOTED).exists()


@pytest.mark.parametrize("alone", [True, False])
def test_it_manages_what_the_host_before_it_did_unless_others_went_on(rig: Rig, alone: bool) -> None:
    rig.write(f"{swarm.SWARM}/raft/wal", "")
    assert rig.run(swarm.init(NEW, encrypted=False, alone=alone)).stdout == "cluster\n"
    (made,) = rig.called("swarm init")
    assert ("--force-new-cluster" in made) == alone == rig.path(f"{swarm.SWARM}/raft/wal").exists()
    assert f"--advertise-addr {NEW}" in made and f"--listen-addr {NEW}:2377" in made
    rig.forget()
    rig.run(swarm.init(NEW, encrypted=False, alone=alone))
    assert not rig.called("swarm init")


KEY = """-----BEGIN PRIVATE KEY-----
kek-version: 0
raft-dek: EiCt0l9laBO/H4GX/nomh3Rc0W1Cw8T1PBcN6BdvLoOX/Q==

MIGHAgEA
-----END PRIVATE KEY-----
"""


def test_its_raft_has_it_where_it_is_now(rig: Rig) -> None:
    """The bytes are those with which a Docker 20.10 was moved from one address to another."""
    rig.write("/etc/docker/state", "active true")
    rig.write("/etc/docker/at", f"{OLD}:2377")
    rig.write(f"{swarm.SWARM}/certificates/swarm-node.key", KEY)
    rig.fake(
        "curl",
        f"cat >/etc/docker/asked; cat $(echo \"$*\" | sed 's/.*--key //; s/ .*//') >/etc/docker/key; echo {NEW}:2377 >/etc/docker/at",
    )
    rig.run(swarm.init(NEW, encrypted=False, alone=True))
    assert rig.path("/etc/docker/asked").read_bytes() == b"\0\0\0\0\x10\n\x0e" + f"{NEW}:2377".encode()
    assert rig.read("/etc/docker/key").splitlines() == [KEY.splitlines()[n] for n in (0, 4, 5)]
    assert not rig.called("raft-dek|MIGH") and rig.called("curl .*RaftMembership/Join")
    assert [line.rpartition(" ")[2] for line in rig.called("swarm update --snapshot-interval")] == ["1", "10000"]
    rig.forget()
    rig.run(swarm.init(NEW, encrypted=False, alone=True))
    assert not rig.called("curl")
    rig.write("/etc/docker/at", f"{OLD}:2377")
    rig.fake("curl")
    done = rig.run(swarm.init(NEW, encrypted=False, alone=True), check=False)
    assert done.returncode == 1 and f"is at {NEW}:2377, and tells its workers another address" in done.stderr


def test_the_others_do_not_hear_that_docker_ends_and_hear_it_again(rig: Rig) -> None:
    """Who took its leave of the containers' network is looked for once a minute, who is missed each second."""
    rig.run(KEEP)
    assert rig.read(swarm.DOCKER).count(f"{swarm.SCRIPT} ") == 3
    rig.run(f"sh {swarm.SCRIPT} still")
    rule = "OUTPUT -p {} -m multiport --ports 7946 -m comment --comment mech-swarm -j DROP"
    assert rig.called("iptables") == [f"iptables -w 5 -I {rule.format(kind)}" for kind in ("udp", "tcp")]
    rig.forget()
    rig.fake("iptables", '[ ! -e /etc/gone ] || exit 1; case "$*" in *tcp*) touch /etc/gone ;; esac')
    rig.run(f"sh {swarm.SCRIPT} heard")
    assert rig.called("iptables")[:2] == [f"iptables -w 5 -D {rule.format(kind)}" for kind in ("udp", "tcp")]


def worker(rig: Rig, managers: str) -> None:
    rig.write("/etc/docker/bridge", OWN)
    rig.write("/etc/docker/managers", managers)


def test_a_worker_follows_with_its_tasks_at_work(rig: Rig) -> None:
    worker(rig, f"{OLD}:2377 ")
    # It has heard of the new address by what was led there.
    rig.fake("iptables", f'case "$*" in *"-I OUTPUT -d {OLD} "*) echo "{NEW}:2377 " >/etc/docker/managers ;; esac')
    assert rig.run(JOIN, "token\none two\n").stdout == "is in it\n"
    assert [line.rpartition("--to-destination ")[2] for line in rig.called("iptables .*-I OUTPUT")] == [NEW]
    assert rig.called("systemd-run -q --on-active=180") and not rig.called("swarm leave|^curl")
    rig.forget()
    rig.run(JOIN, "token\none two\n")
    assert not rig.called("iptables|systemd-run")


def test_the_rules_by_which_it_followed_go(rig: Rig) -> None:
    worker(rig, f"{OLD}:2377 ")
    mine = f"-A OUTPUT -d {OLD}/32 -p tcp -m multiport --dports 2377,7946 -m comment --comment mech-follow -j DNAT --to-destination {NEW}"
    rig.write("/etc/rules", f"-P OUTPUT ACCEPT\n-A OUTPUT ! -d 127.0.0.0/8 -j DOCKER\n{mine}\n")
    rig.fake(
        "iptables",
        f'case "$*" in *"-S OUTPUT") cat /etc/rules ;; *-I*) echo "{NEW}:2377 " >/etc/docker/managers ;; esac',
    )
    rig.fake("systemd-run", 'sh -c "$5"')  # -q --on-active=180 sh -c TEXT
    rig.run(JOIN, "token\none two\n")
    assert rig.called("iptables .* -D ") == [f"iptables -w 5 -t nat {mine.replace('-A', '-D')}"] * 2


def test_one_that_does_not_follow_joins_anew(rig: Rig) -> None:
    worker(rig, f"{OLD}:2377 ")
    assert rig.run(JOIN, "token\none two\n").stdout == "joined\n"
    assert len(rig.called("^sleep 1")) == 60 and rig.called("swarm leave") and rig.called("^curl")


def test_of_a_swarm_that_has_ended_nothing_is_kept(rig: Rig) -> None:
    rig.run(KEEP)
    rig.run(swarm.let_go())
    assert not rig.path(FLEETS).exists() and not rig.path("/etc/mounted").exists()
    assert not any(rig.path(path).exists() for path in swarm.MODES)
    # Docker, which required it, would be stopped with it before.
    assert rig.called("systemctl")[-3:] == [
        "systemctl disable -q mech-swarm.service", "systemctl daemon-reload", "systemctl stop mech-swarm.service",
    ]  # fmt: skip
