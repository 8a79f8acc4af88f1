"""The kernel's forwarding, Docker's NAT and conntrack: what lets packets get from nginx and containers to anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from mech_infra.facts.host.kernel import FORWARDING
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look


def _who_calls_out(look: Look) -> tuple[str, ...]:
    return tuple(name for name, about in look.services.items() if about["secrets"])


@cause(
    "FORWARDING_OFF",
    "the kernel does not forward packets ({name} is {there}): containers reach nothing outside, and nobody them",
    layer="forwarding",
    visitor="503 where a vendor is needed, 502",
    guide="public reports: ip_forward",
    reads=("drift.kernel",),
    fix="pulumi up",
    floor="degraded",
)
def forwarding_off(look: Look) -> Iterator[Found]:
    for item in look.drift("kernel"):
        if item.label == FORWARDING:
            yield Found(tuple(look.services), {"name": item.label, "there": item.there}, (f"sysctl {item.label}",))


@cause(
    "KERNEL_SETTING",
    "the kernel's {name} is {there}, declared {declared}",
    layer="forwarding",
    visitor="it depends on which",
    guide="by drift",
    reads=("drift.kernel",),
    fix="pulumi up",
)
def kernel_setting(look: Look) -> Iterator[Found]:
    for item in look.drift("kernel"):
        if item.label != FORWARDING:
            yield Found((), {"name": item.label, "there": item.there, "declared": item.declared})


@cause(
    "NAT_GONE",
    "Docker's NAT rules are gone: containers reach nothing outside the host",
    layer="forwarding",
    visitor="503 where a vendor is needed",
    guide="public reports: iptables -t nat -F",
    reads=("host.filters", "host.docker", "host.daemon"),
    fix="systemctl restart docker (all containers stop for some seconds)",
    floor="degraded",
)
def nat_gone(look: Look) -> Iterator[Found]:
    nat, running = look.fact("host.filters")["nat"], look.fact("host.docker")["containers"]
    config = (look.fact("host.daemon") or {}).get("config") or {}
    if nat is None or not running or config.get("iptables") is False:
        return
    if not any("-j MASQUERADE" in line for line in nat):
        yield Found(tuple(look.services), {}, ("iptables -t nat -S: no MASQUERADE",))


@cause(
    "DOCKER_NO_IPTABLES",
    "Docker is told to leave iptables alone (/etc/docker/daemon.json: iptables false), and so nothing forwards",
    layer="forwarding",
    visitor="502 and 503",
    guide="public reports: daemon.json",
    reads=("host.daemon", "host.filters"),
    fix='remove "iptables": false from /etc/docker/daemon.json, then systemctl restart docker',
    floor="risk",
)
def no_iptables(look: Look) -> Iterator[Found]:
    if look.fact("host.daemon")["config"].get("iptables") is False:
        nat = look.fact("host.filters")["nat"] or []
        gone = not any("-j MASQUERADE" in line for line in nat)
        how = "and its rules are gone" if gone else "its rules are still there, until the next reboot"
        yield Found(tuple(look.services), {}, (f"daemon.json: iptables false; {how}",))


@cause(
    "CONNTRACK_FULL",
    "the kernel's table of connections is full: {count} of {limit}",
    layer="forwarding",
    visitor="522 and 502 now and then",
    guide="public reports: nf_conntrack: table full",
    reads=("host.filters",),
    fix="sysctl -w net.netfilter.nf_conntrack_max=262144; look who opens them: conntrack -L",
    floor="degraded",
)
def conntrack_full(look: Look) -> Iterator[Found]:
    table = look.fact("host.filters")["conntrack"]
    if table and table[1] and table[0] > 0.95 * table[1]:
        yield Found(tuple(look.services), {"count": table[0], "limit": table[1]}, ("nf_conntrack_count",))


@cause(
    "NO_WAY_OUT",
    "{who} reach nothing outside the host ({how})",
    layer="forwarding",
    visitor="503 where a vendor is needed",
    guide="by trying",
    reads=("host.paths",),
    fix="mech drift; iptables -S FORWARD; iptables -t nat -S POSTROUTING",
    floor="degraded",
    follows=(
        "FORWARDING_OFF",
        "NAT_GONE",
        "DOCKER_NO_IPTABLES",
        "UFW_DENIES_OUTGOING",
        "UFW_BEFORE_RULES",
        "CHAIN_REJECTS",
        "CONTAINER_OFF_NETWORK",
        "NETWORK_INTERNAL",
        "UFW_DENIES_FORWARD",
        "NETWORK_MISSING",
    ),
)
def no_way_out(look: Look) -> Iterator[Found]:
    """A container that is alone in it has a cause of its own; the host itself is told of, too."""
    paths = look.fact("host.paths")
    away = {name: about["outside"] for name, about in paths["containers"].items() if about.get("outside")}
    if paths["host"].get("outside"):
        yield Found(
            tuple(look.services),
            {"who": "the host and its containers", "how": paths["host"]["outside"]},
            ("a TCP connection from the host to outside was tried",),
        )
    elif away and len(away) > 1:
        shows = tuple(f"{name}: {how}" for name, how in sorted(away.items())[:4])
        yield Found(_who_calls_out(look), {"who": "containers", "how": next(iter(away.values()))}, shows)


@cause(
    "CONTAINER_NO_WAY_OUT",
    "the container {name} reaches nothing outside the host ({how}), and others do",
    layer="forwarding",
    visitor="503 where it needs a vendor",
    guide="by trying",
    reads=("host.paths",),
    fix="docker restart {name}; docker exec {name} ip route",
    follows=("CONTAINER_OFF_NETWORK", "NETWORK_MISSING", "DOCKER_DOWN"),
)
def container_no_way_out(look: Look) -> Iterator[Found]:
    paths = look.fact("host.paths")["containers"]
    away = {name: about["outside"] for name, about in paths.items() if about.get("outside")}
    if len(away) == 1 and len(paths) > 1:
        name, how = next(iter(away.items()))
        yield Found(
            look.of_container(name), {"name": name, "how": how}, (f"a TCP connection from inside {name}: {how}",)
        )


@cause(
    "DATABASE_NOT_REACHED",
    "the container {name} does not reach {target} ({how}), and that container runs",
    layer="forwarding",
    visitor="503",
    guide="by trying",
    reads=("host.paths", "host.docker"),
    fix="docker exec {name} getent hosts {host}; iptables -S FORWARD; iptables -S DOCKER-ISOLATION-STAGE-1",
    floor="degraded",
    follows=(
        "REDIS_DOWN",
        "MONGODB_DOWN",
        "REDIS_FOREIGN",
        "MONGODB_FOREIGN",
        "DATASTORE_OFF_NETWORK",
        "CONTAINER_OFF_NETWORK",
        "NETWORK_MISSING",
        "NETWORK_FOREIGN",
        "CHAIN_REJECTS",
        "UFW_BEFORE_RULES",
        "UFW_DENIES_FORWARD",
        "FORWARDING_OFF",
    ),
)
def database_not_reached(look: Look) -> Iterator[Found]:
    runs = look.beside | {c["name"] for c in look.fact("host.docker")["containers"] if c["state"] == "running"}
    for name, about in look.fact("host.paths")["containers"].items():
        for target, how in about.items():
            host = target.partition(":")[0]
            if how and host in runs and look.of_container(name):
                given = {"name": name, "target": target, "how": how, "host": host}
                yield Found(
                    look.of_container(name), given, (f"a TCP connection from inside {name} to {target}: {how}",)
                )
