"""Names, tags and the network: what was made by hand goes, what is ours is left alone."""

from __future__ import annotations

import pytest

from mech_infra.commands import containers
from tests.unit.mech_infra.commands.rig import Rig

CHANGES = "^docker (rm|rmi|unpause|update|restart|network (rm|connect|disconnect))"


def docker(rig: Rig, **answers: str) -> None:
    """Each word of Docker's (ps, inspect, network_ls …) with a body of shell; the rest says nothing."""
    cases = [f"  '{word.replace('_', ' ')} '*) {body} ;;" for word, body in answers.items()]
    rig.fake("docker", "\n".join(['case "$* " in', *cases, "  *) : ;;", "esac"]))


@pytest.mark.parametrize("command", [containers.clear_names(["redis"], "net"), containers.untag(["redis:alpine"]),
                                     containers.attach({"redis": ()}, "net", "fleet")])  # fmt: skip
def test_without_docker_there_is_nothing_to_do(rig: Rig, command: str) -> None:
    docker(rig, info="exit 1")
    rig.run(command)
    assert rig.calls == ["docker info"]


def test_a_name_taken_by_hand_is_freed(rig: Rig) -> None:
    docker(rig, ps="echo abc", inspect="exit 1")
    done = rig.run(containers.clear_names(["mech-llms", "redis"], "mech-network"))
    assert rig.called(CHANGES) == ["docker rm -f mech-llms", "docker rm -f redis"]
    assert "docker ps -aq --filter name=^redis$" in rig.calls
    assert done.stdout.splitlines()[0] == "removed the container mech-llms, which was made by hand"


@pytest.mark.parametrize(
    ("state", "done"),
    [
        ("running", []),
        ("paused", ["docker unpause redis"]),
        ("restarting", ["docker update --memory 4g --memory-swap 4g redis", "docker restart -t 1 redis"]),
    ],
)
def test_ours_are_kept_and_made_fit_to_be_changed(rig: Rig, state: str, done: list[str]) -> None:
    docker(rig, ps="echo abc", inspect=f'case "$*" in *State*) echo {state} ;; *) echo pulumi ;; esac')
    assert rig.run(containers.clear_names(["redis"], "mech-network")).stdout == ""
    assert rig.called(CHANGES) == done
    assert 'docker inspect --type container -f {{index .Config.Labels "mech.managed"}} redis' in rig.calls


def test_a_network_made_by_hand_goes_with_who_is_on_it(rig: Rig) -> None:
    docker(rig, network_ls="echo n1", network_inspect="echo c1 c2", inspect="echo")
    done = rig.run(containers.clear_names([], "mech-network"))
    assert rig.called(CHANGES) == [
        "docker network disconnect -f n1 c1", "docker network disconnect -f n1 c2", "docker network rm n1",
    ]  # fmt: skip
    assert done.stdout == "removed the network mech-network, which was made by hand\n"
    assert 'docker inspect --type network -f {{index .Labels "mech.managed"}} n1' in rig.calls
    rig.forget()
    docker(rig, network_ls="echo n1", inspect="echo pulumi")
    rig.run(containers.clear_names([], "mech-network"))
    assert rig.called(CHANGES) == []


@pytest.mark.parametrize(
    ("reference", "repository"),
    [
        ("redis:alpine", "redis"),
        ("ghcr.io/x/y:1", "ghcr.io/x/y"),
        ("reg:5000/x", "reg:5000/x"),
        ("redis:7@sha256:a", "redis"),
    ],
)
def test_only_what_came_from_elsewhere_loses_its_tag(rig: Rig, reference: str, repository: str) -> None:
    docker(rig, image_inspect=f"echo {repository}@sha256:feed")
    assert rig.run(containers.untag([reference])).stdout == ""
    assert rig.called("rmi") == []
    docker(rig, image_inspect="echo other/one@sha256:feed")
    done = rig.run(containers.untag([reference]))
    assert rig.called("rmi") == [f"docker rmi -f {reference}"]
    assert done.stdout == f"untagged {reference}, which was not pulled from there\n"
    docker(rig, image_inspect="exit 1")
    assert rig.run(containers.untag([reference])).returncode == 0


def test_who_left_the_network_is_put_back_under_its_names(rig: Rig) -> None:
    docker(rig, ps="echo abc", inspect='case "$*" in *Aliases*) echo "abc mongo " ;; *) echo "bridge " ;; esac')
    done = rig.run(containers.attach({"mongodb": ("mongo", "db"), "redis": ()}, "mech-network", "mech-fleet"))
    assert rig.called(CHANGES) == [
        "docker network disconnect -f mech-network mongodb",  # it does not answer to db
        "docker network connect --alias mongo --alias db mech-network mongodb",
        "docker network disconnect -f bridge mongodb",
        "docker network connect mech-network redis",
        "docker network disconnect -f bridge redis",
    ]
    assert done.stdout == "mongodb is on mech-network again\nredis is on mech-network again\n"


def test_who_is_where_it_belongs_stays(rig: Rig) -> None:
    docker(rig, ps="echo abc", inspect='case "$*" in *Aliases*) echo "abc mongo " ;; *) echo "mech-network " ;; esac')
    assert rig.run(containers.attach({"mongodb": ("mongo",), "redis": ()}, "mech-network", "mech-fleet")).stdout == ""
    # A fleet's databases are on a network between hosts, too: taken off it, they would come back with another address.
    docker(rig, ps="echo abc", inspect='case "$*" in *Aliases*) ;; *) echo "mech-fleet mech-network " ;; esac')
    assert rig.run(containers.attach({"redis": ()}, "mech-network", "mech-fleet")).stdout == ""
    docker(rig)
    rig.run(containers.attach({"gone": ("x",)}, "mech-network", "mech-fleet"))
    assert rig.called(CHANGES) == []
