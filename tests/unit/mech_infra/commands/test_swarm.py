"""The swarm's commands: nobody is taken out of it who is in it, tokens are no arguments, tasks move before a host goes."""

from __future__ import annotations

import json

import pytest

from mech_infra.commands import private, swarm
from tests.unit.mech_infra.commands.rig import Rig

ADDRESS = "10.96.0.4"
JOIN, INIT = swarm.join(ADDRESS, "10.96.0.3", encrypted=False), swarm.init(ADDRESS, encrypted=False, alone=True)
TOKEN = "SWMTKN-1-secret"
# How Docker is with the swarm, in the file `swarm` ("active true ID"), and its bridge for it, in `bridge`.
DOCKER = """state=$(cat /etc/docker/swarm)
case "$*" in
  "network inspect -f {{range .Containers}}{{.Name}} {{end}} mine") echo "mongodb redis " ;;
  "network inspect -f {{range .Containers}}"*) ;;
  "network inspect"*) cat /etc/docker/bridge 2>/dev/null ;;
  "network create"*) echo "10.96.0.4 br-mech-fleet" >/etc/docker/bridge ;;
  "network rm docker_gwbridge") rm -f /etc/docker/bridge ;;
  "info -f {{.Swarm.LocalNodeState}} {{.Swarm.NodeID}}") echo "${state%% *} ${state##* }" ;;
  "info -f {{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}") echo "${state% *}" ;;
  "info -f {{range .Swarm.RemoteManagers}}"*) cat /etc/docker/managers ;;
  "info -f {{.Swarm.LocalNodeState}}") echo "${state%% *}" ;;
  "info -f {{.Swarm.ControlAvailable}}") echo "$state" | cut -d' ' -f2 ;;
  "info -f {{.Swarm.Cluster.ID}}") echo cluster ;;
  "swarm leave"*) echo "inactive false " >/etc/docker/swarm ;;
  "swarm init"*) echo "active true one" >/etc/docker/swarm ;;
  "swarm join-token -q "*) echo "$4-token" ;;
  "network ls -q --filter driver=bridge") echo "bridge mine" ;;
  "node ls"*) cut -d' ' -f1 /etc/docker/nodes 2>/dev/null || true ;;
  "node inspect self"*) echo "10.96.0.4:2377" ;;
  "node inspect -f {{.Status.Addr}}"*) echo 10.96.0.5; echo 10.96.0.4 ;;
  "node inspect"*) cat /etc/docker/nodes ;;
  "node ps"*) [ "$*" != "node ps -q --filter desired-state=running b" ] || echo task ;;
  "inspect -f {{.ServiceID}} task") echo llm ;;
  "node update --availability drain b") sed -i 's/^b \\(.*\\) active/b \\1 drain/' /etc/docker/nodes ;;
esac"""


@pytest.fixture(autouse=True)
def docker(rig: Rig) -> None:
    rig.write("/etc/docker/swarm", "inactive false ")
    rig.fake("docker", DOCKER)
    rig.fake("curl", "cat >/etc/docker/asked")


def test_a_host_joins_and_the_token_is_no_argument(rig: Rig) -> None:
    assert rig.run(JOIN, f"{TOKEN}\none two\n").stdout == "joined\n"
    asked = json.loads(rig.read("/etc/docker/asked"))
    assert asked["JoinToken"] == TOKEN and asked["RemoteAddrs"] == ["10.96.0.3:2377"]
    assert asked["AdvertiseAddr"] == asked["DataPathAddr"] == ADDRESS and asked["ListenAddr"] == f"{ADDRESS}:2377"
    assert not rig.called(TOKEN) and TOKEN not in JOIN
    (bridge,) = rig.called("network create")
    assert f"host_binding_ipv4={ADDRESS}" in bridge and "bridge.name=br-" in bridge


def test_who_is_in_it_and_known_there_is_left_alone(rig: Rig) -> None:
    rig.write("/etc/docker/swarm", "active false two")
    rig.write("/etc/docker/managers", "10.96.0.3:2377 ")
    rig.write("/etc/docker/bridge", f"{ADDRESS} br-mech-fleet")
    assert rig.run(JOIN, f"{TOKEN}\none two \n").stdout == "is in it\n"
    assert not rig.called("leave|network (create|rm)|^curl")


def test_who_is_in_another_one_or_known_no_more_leaves_it_first(rig: Rig) -> None:
    rig.write("/etc/docker/swarm", "active false two")
    rig.write("/etc/docker/bridge", f"{ADDRESS} br-mech-fleet")
    assert rig.run(JOIN, f"{TOKEN}\none three\n").stdout == "joined\n"
    assert rig.called("swarm leave --force")


def test_who_leaves_a_swarm_is_still_found_by_name_on_this_host(rig: Rig) -> None:
    """Docker 20.10 forgets with a swarm the names on all networks; a rename there and back brings one back (tried on it)."""
    rig.write("/etc/docker/swarm", "active true one")
    rig.run(swarm.leave())
    there_and_back = [
        f"docker rename {a} {b}"
        for name in ("mongodb", "redis")
        for a, b in ((name, f"{name}-again"), (f"{name}-again", name))
    ]
    assert rig.called("swarm leave|rename") == ["docker swarm leave --force", *there_and_back]
    rig.forget()
    rig.run(swarm.leave())
    assert not rig.called("swarm leave|rename")


def test_a_manager_that_does_not_answer_is_said_without_the_token(rig: Rig) -> None:
    rig.fake("curl", 'cat >/dev/null; echo \'{"message": "no route"}\'; exit 22')
    done = rig.run(JOIN, f"{TOKEN}\none\n", check=False)
    assert done.returncode == 1 and "cannot join the swarm at 10.96.0.3" in done.stderr and "no route" in done.stderr
    assert TOKEN not in done.stderr


def test_the_first_one_makes_it_once(rig: Rig) -> None:
    assert rig.run(INIT).stdout == "cluster\n"
    (made,) = rig.called("swarm init")
    assert f"--advertise-addr {ADDRESS}" in made and f"--default-addr-pool {swarm.POOL}" in made
    rig.forget()
    assert rig.run(INIT).stdout == "cluster\n"
    assert not rig.called("swarm (init|leave)|network create")


def test_a_manager_that_lost_the_others_goes_on_alone(rig: Rig) -> None:
    rig.write("/etc/docker/swarm", "active true one")
    rig.fake("docker", DOCKER.replace('"node ls"*)', '"node ls"*) exit 1;; "node ls again")'))
    rig.run(INIT)
    assert rig.called("swarm init --force-new-cluster") and not rig.called("swarm leave")


def test_a_kernel_that_cannot_encrypt_is_told_before_anything_is_made(rig: Rig) -> None:
    rig.fake("ip", "exit 2")
    done = rig.run(swarm.init(ADDRESS, encrypted=True, alone=True), check=False)
    assert done.returncode == 1 and "mech:fleet.encrypted to false" in done.stderr
    assert not rig.called("network create|swarm init")
    rig.fake("ip")
    assert rig.run(swarm.init(ADDRESS, encrypted=True, alone=True)).stdout == "cluster\n"
    assert rig.called("ip xfrm state delete")


def test_what_a_member_joins_with_is_by_its_role(rig: Rig) -> None:
    rig.write("/etc/docker/nodes", "one mech manager active ready\n")
    said = rig.run(swarm.tokens()).stdout
    assert swarm.token(said, manager=False) == "worker-token\none \n"
    assert swarm.token(said, manager=True) == "manager-token\none \n"


WANTED = {"mech": True, "mech-w1": False}


def test_members_are_in_their_roles_and_the_dead_host_of_before_is_forgotten(rig: Rig) -> None:
    rig.write(
        "/etc/docker/nodes",
        "a mech manager active ready\nold mech-w1 worker active down\nb mech-w1 manager drain ready\n",
    )
    assert rig.run(swarm.nodes(WANTED, [])).stdout == "10.96.0.4\n10.96.0.5\n"
    assert rig.called("node (rm|update)") == [
        "docker node rm --force old", "docker node update --role worker b", "docker node update --availability active b",
    ]  # fmt: skip


def test_what_is_left_of_a_first_try_to_join_is_forgotten(rig: Rig) -> None:
    """Docker makes a host another node when the managers refuse it once, and keeps the first one: nameless, in its role."""
    rig.write(
        "/etc/docker/nodes", "a mech manager active ready\nb mech-w1 worker active ready\nc - manager active unknown\n"
    )
    rig.run(swarm.nodes(WANTED, []))
    assert rig.called("node (rm|demote|update)") == ["docker node demote c", "docker node rm --force c"]


def test_as_wanted_nothing_is_done(rig: Rig) -> None:
    rig.write("/etc/docker/nodes", "a mech manager active ready\nb mech-w1 worker drain ready\n")
    rig.run(swarm.nodes(WANTED, ["mech-w1"]))
    assert rig.run(swarm.vacate(WANTED, ["mech-w1"])).stdout == "as wanted\n"
    assert not rig.called("update|node rm|demote")


@pytest.mark.parametrize("gone", [False, True])
def test_tasks_are_elsewhere_before_a_member_is_drained(rig: Rig, gone: bool) -> None:
    rig.write(
        "/etc/docker/nodes", f"a mech manager active ready\nb mech-w1 {'manager' if gone else 'worker'} active ready\n"
    )
    members = {"mech": True} if gone else WANTED
    rig.run(swarm.vacate(members, [] if gone else ["mech-w1"]))
    assert rig.called("service update|node (update|demote)") == [
        "docker service update --quiet --constraint-add node.id!=b llm",
        "docker node update --availability drain b",
        "docker service update --quiet --detach --constraint-rm node.id!=b llm",
        *(["docker node demote b"] if gone else []),
    ]


def test_who_goes_is_known_no_more(rig: Rig) -> None:
    rig.write("/etc/docker/swarm", "active true one")
    rig.write("/etc/docker/nodes", "a mech manager active ready\nb mech-w1 worker drain ready\n")
    rig.run(swarm.forget("mech-w1"))
    assert rig.called("node rm") == ["docker node rm --force b"]


def test_the_rules_between_members_stand_behind_the_guard(rig: Rig) -> None:
    rig.write("/etc/ufw/after.rules", "# theirs\n")
    rig.fake("iptables", "cat /etc/ufw/live 2>/dev/null")
    rules = swarm.rules(encrypted=False)
    assert rig.run(rules).stdout == "in force\n"
    assert rig.read("/etc/ufw/after.rules") == "# theirs\n" + swarm.beside_guard(encrypted=False)
    assert rig.called("ufw reload") and rig.called("ufw allow from 10.96.0.0/20 to any port 4789 proto udp")
    line = next(line for line in swarm.beside_guard(False).splitlines() if line.startswith("-I"))
    rig.write("/etc/ufw/live", "-N DOCKER-USER\n" + line.replace("-I DOCKER-USER 1", "-A DOCKER-USER") + "\n")
    rig.forget()
    assert rig.run(rules).stdout == "unchanged\n" and not rig.called("ufw reload")
    # The guard's own block was written anew, behind it, and would empty the chain.
    rig.write("/etc/ufw/after.rules", rig.read("/etc/ufw/after.rules") + "# BEGIN mech: published ports\n")
    assert rig.run(rules).stdout == "in force\n"
    rig.fake(
        "ufw",
        "[ \"$*\" != 'show added' ] || echo \"ufw allow from 10.96.0.0/20 to any port 2377 proto tcp comment 'mech-fleet'\"",
    )
    rig.run(swarm.no_rules())
    assert "mech: between members" not in rig.read("/etc/ufw/after.rules")
    assert rig.called("force delete") == ["ufw --force delete allow from 10.96.0.0/20 to any port 2377 proto tcp"]


def test_databases_keep_their_own_network(rig: Rig) -> None:
    rig.fake(
        "docker", 'case "$*" in *" redis") echo "mech-network " ;; *" mongodb") echo "mech-fleet mech-network " ;; esac'
    )
    rig.run(swarm.join_databases("mech-fleet", {"redis": (), "mongodb": ("mongo",)}))
    assert rig.called("network") == ["docker network connect --alias redis mech-fleet redis"]


def test_databases_stay_while_a_task_still_works(rig: Rig) -> None:
    working = rig.path("/working")
    working.touch()
    rig.fake(
        "docker",
        f'case "$*" in "node ls"*) echo n1 ;; "node ps"*) [ ! -e {working} ] || echo "Running 2 s ago" ;; esac; '
        f'case "$*" in "node ps"*) rm -f {working} ;; esac',
    )
    rig.run(swarm.part_databases("mech-fleet", ["redis"]))
    assert len(rig.called("docker node ps")) == 2
    assert rig.called("network") == ["docker network disconnect -f mech-fleet redis"]
    working.touch()
    rig.fake("docker", 'case "$*" in "node ps"*) echo "Running 2 h ago" ;; esac')
    rig.forget()
    rig.run(swarm.part_databases("mech-fleet", ["redis"], wait_s=1))
    assert rig.called("network") == ["docker network disconnect -f mech-fleet redis"]


def test_a_host_waits_for_its_address_on_the_private_network(rig: Rig) -> None:
    rig.fake("ip", f"echo '2: eth1    inet {ADDRESS}/20 scope global eth1'")
    assert rig.run(private.wait(ADDRESS, 2)).stdout == f"has {ADDRESS}\n"
    done = rig.run(private.wait("10.96.0.40", 0), check=False)
    assert done.returncode == 1 and "restart it" in done.stderr
    assert "no address" in rig.run(private.wait("", 2), check=False).stderr
