"""A person with docker on the host."""

from __future__ import annotations

from .surface import Drift, Surface, kind, shell

CONTAINERS = "docker ps --format '{{.Names}}'"
SERVICES = "docker ps --format '{{.Names}}' | grep ^mech-"


def inspected(s: Surface, name: str, field: str) -> str:
    return f"docker inspect --type container -f '{{{{{field}}}}}' {name} 2>&1; true"


@kind
def container_stopped(s: Surface) -> Drift:
    name = s.pick(CONTAINERS)
    do = s.rng.choice(["stop -t 2", "kill", "pause", "rm -f"])
    look = inspected(s, name, ".State.Status")
    return shell(
        s, f"docker {do} {name}", look, f"docker {do} {name}", undo=f"docker start {name}; docker unpause {name}"
    )


@kind
def container_limits(s: Surface) -> Drift:
    name = s.pick(SERVICES)
    mb = s.rng.choice([300, 700, 1500])
    do = s.rng.choice([f"--memory {mb}m --memory-swap {mb}m", f"--cpus {s.rng.choice(['0.25', '1.5', '2'])}",
                       f"--restart {s.rng.choice(['no', 'always', 'on-failure'])}"])  # fmt: skip
    look = f"docker inspect -f '{{{{.HostConfig.Memory}}}} {{{{.HostConfig.NanoCpus}}}} {{{{.HostConfig.RestartPolicy.Name}}}}' {name}"
    return shell(s, f"docker update {do} {name}", look, f"docker update {do} {name}")


@kind
def container_off_the_network(s: Surface) -> Drift:
    name = s.pick(CONTAINERS)
    look = "docker network inspect -f '{{range .Containers}}{{.Name}} {{end}}' mech-network | tr ' ' '\\n' | sort"
    return shell(s, f"docker network disconnect {name}", look, f"docker network disconnect mech-network {name}")


@kind
def container_on_another_network(s: Surface) -> Drift:
    name = s.pick(CONTAINERS)
    look = inspected(s, name, "range $n, $c := .NetworkSettings.Networks}}{{$n}} {{end")
    return shell(s, f"docker network connect bridge {name}", look, f"docker network connect bridge {name}")


@kind
def container_alias_lost(s: Surface) -> Drift:
    net = "mech-network"
    look = "docker inspect -f '{{range .NetworkSettings.Networks}}{{.Aliases}}{{end}}' mongodb | grep -ow mongo | sort -u; true"
    return shell(
        s, "mongodb reconnected without its other name", look,
        f"docker network disconnect {net} mongodb; docker network connect {net} mongodb",
        undo=f"docker network disconnect {net} mongodb; docker network connect --alias mongo {net} mongodb",
    )  # fmt: skip


@kind
def container_renamed(s: Surface) -> Drift:
    name = s.pick(SERVICES)
    there = f"docker ps -a --format '{{{{.Names}}}}' | grep -x {name}; true"
    return Drift(f"docker rename {name} {name}-old", lambda: s.host(there), lambda: s.host(f"docker rename {name} {name}-old"),
                 undo=lambda: s.host(f"docker rm -f {name}-old"), litter=True)  # fmt: skip


@kind
def container_made_by_hand(s: Surface) -> Drift:
    name = s.pick(SERVICES)
    again = f"docker rm -f {name}; docker run -d --name {name} --network mech-network redis:alpine"
    return shell(s, f"{name} is another image, made by hand", inspected(s, name, ".Config.Image"), again)


@kind
def container_inner_file(s: Surface) -> Drift:
    name = s.pick(SERVICES)
    return shell(s, f"a file changed inside {name}", f"docker exec {name} sh -c 'cat /tmp/mark 2>/dev/null; true'",
                 f"docker exec {name} sh -c 'mkdir -p /tmp; echo hello > /tmp/mark'",
                 undo=f"docker exec {name} rm /tmp/mark")  # fmt: skip


@kind
def stray_container(s: Surface) -> Drift:
    name = f"stray{s.rng.randrange(1000)}"
    return shell(s, f"docker run --name {name}", f"docker ps -a --format '{{{{.Names}}}}' | grep -x {name}; true",
                 f"docker run -d --name {name} redis:alpine", name, f"docker rm -f {name}")  # fmt: skip


@kind
def stray_network(s: Surface) -> Drift:
    name = f"stray{s.rng.randrange(1000)}"
    return shell(s, f"docker network create {name}", f"docker network ls --format '{{{{.Name}}}}' | grep -x {name}; true",
                 f"docker network create {name}", name, f"docker network rm {name}")  # fmt: skip


NETWORK = "docker network ls --filter name=^mech-network$ --format '{{.Name}} {{.Driver}}'; " \
    "docker network inspect -f '{{len .Labels}} {{len .Containers}}' mech-network 2>&1; true"  # fmt: skip
EMPTY = (
    "for c in $(docker ps -q); do docker network disconnect -f mech-network $c; done; docker network rm mech-network"
)


@kind
def network_removed(s: Surface) -> Drift:
    return shell(s, "mech-network removed", NETWORK, EMPTY)


@kind
def network_made_by_hand(s: Surface) -> Drift:
    return shell(s, "mech-network made anew by hand, all containers on it", NETWORK,
                 f"{EMPTY}; docker network create mech-network; "
                 "for c in $(docker ps -q); do docker network connect mech-network $c; done")  # fmt: skip


@kind
def image_retagged(s: Surface) -> Drift:
    tag = s.pick(
        "docker ps --format '{{.Image}}' | grep / ; docker images --format '{{.Repository}}:{{.Tag}}' | grep mech"
    )
    return shell(s, f"docker tag redis:alpine {tag}", f"docker image inspect -f '{{{{.Id}}}}' {tag}",
                 f"docker tag redis:alpine {tag}")  # fmt: skip


@kind
def image_untagged(s: Surface) -> Drift:
    tag = s.pick("docker images --format '{{.Repository}}:{{.Tag}}' | grep mech")
    return shell(
        s, f"docker rmi -f {tag}", f"docker image inspect -f '{{{{.Id}}}}' {tag} 2>&1; true", f"docker rmi -f {tag}"
    )


@kind
def docker_unit(s: Surface) -> Drift:
    do = s.rng.choice(["stop docker.socket docker", "disable docker", "disable --now docker docker.socket"])
    return shell(s, f"systemctl {do}", "systemctl is-active docker; systemctl is-enabled docker; true", f"systemctl {do}",
                 undo="systemctl enable --now docker")  # fmt: skip
