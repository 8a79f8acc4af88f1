"""Docker's swarm: who is in it, and what its members let each other do on the private network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mech_infra.catalogue import DATABASES
from mech_infra.commands.containers import SERVICE_GRACE_S, named
from mech_infra.commands.firewall import Allow
from mech_infra.commands.private import CIDR
from mech_infra.commands.script import program, room, script
from mech_infra.commands.volume import DATA
from mech_infra.rollout.slots import TASK_PORTS

NETWORK = (
    "mech-fleet"  # between the hosts; mech-network stays what it is, since Docker finds no network by a name of two
)
POOL = "10.201.0.0/16"  # what Docker takes addresses of such networks from; its own choice (10.0.0.0/8) has the hosts' in it
COMMENT = "mech-fleet"  # of the rules
# By which a task reaches the world. Its name is one that the guard in DOCKER-USER knows (commands.firewall.docker_guard).
BRIDGE, BRIDGE_SUBNET, GATEWAY = "br-mech-fleet", "172.31.250.0/24", "172.31.250.1"
STATE = "/var/lib/mech/fleet"
# What Docker knows of the swarm, which is kept on the data volume: a host that is lost does not take it along.
SWARM = "/var/lib/docker/swarm"
SCRIPT, _UNIT = "/usr/local/sbin/mech-swarm", "/etc/systemd/system/mech-swarm.service"
DOCKER = "/etc/systemd/system/docker.service.d/20-mech-swarm.conf"
MODES = {SCRIPT: "755", _UNIT: "644", DOCKER: "644"}
_BEGIN, _END = "# BEGIN mech: between members", "# END mech: between members"
_ROOM = room(__file__)


# What a member lets the others do, on the private network alone: the swarm's state, who is there, the containers' packets
# (https://docs.docker.com/engine/swarm/swarm-tutorial/#open-protocols-and-ports-between-the-hosts). At a worker nobody listens
# at 2377; one that was promoted by hand could not be demoted with it closed, since it never became part of the managers.
BETWEEN_MEMBERS = (
    Allow("2377", CIDR),
    Allow("7946", CIDR),
    Allow("7946", CIDR, "udp"),
    Allow("4789", CIDR, "udp"),
    # Who has no task refuses at once, since its port is open: nginx asks the next one.
    Allow(TASK_PORTS, CIDR),
)


def beside_guard(encrypted: bool) -> str:
    """Rules that no `ufw allow` can say: members ask each other's tasks, which Docker publishes; encrypted packets come in."""
    known = f"-m comment --comment {COMMENT}"
    asked = f"--ctorigdst {CIDR} --ctorigdstport {TASK_PORTS}"
    lines = [_BEGIN, "*filter", f"-I DOCKER-USER 1 -s {CIDR} -p tcp -m conntrack {asked} {known} -j RETURN"]
    if encrypted:
        lines.append(f"-A ufw-after-input -s {CIDR} -p esp {known} -j ACCEPT")
    return "\n".join([*lines, "COMMIT", _END]) + "\n"


def network_options(encrypted: bool) -> dict[str, str]:
    """For the network between the hosts. A packet of Vultr's private network has 1450 bytes, VXLAN takes 50 of them, ESP 40."""
    mtu = {"com.docker.network.driver.mtu": "1360" if encrypted else "1400"}
    return {**mtu, "encrypted": ""} if encrypted else mtu


def rules(encrypted: bool) -> str:
    """Have them in force, now and at boot; nothing of the firewall's own is touched."""
    wanted = "".join(f"ufw {allow.rule} comment '{COMMENT}'\n" for allow in BETWEEN_MEMBERS)
    put = {f"{STATE}/wanted": ("644", wanted), f"{STATE}/block": ("644", beside_guard(encrypted))}
    return script(_ROOM / "rules.sh", STATE, put=put)


def no_rules() -> str:
    return script(_ROOM / "no_rules.sh", STATE, COMMENT, _BEGIN, _END)


def mark() -> str:
    """Prints a name that no other fleet has. Runs here, not on a host."""
    return script(_ROOM / "mark.sh")


def files(fleet: str) -> dict[str, str]:
    """What has the state of the fleet of this mark on the volume at each boot before docker: path to text."""
    return {
        SCRIPT: program(
            _ROOM / "mech-swarm.sh",
            KEPT=_kept(fleet),
            SWARM=SWARM,
            NETWORK=NETWORK,
            DATABASES=" ".join(named(DATABASES)),
        ),
        _UNIT: (_ROOM / "mech-swarm.service").read_text(),
        DOCKER: (_ROOM / "20-mech-swarm.conf").read_text(),
    }


def keep(fleet: str) -> str:
    """On the first manager: the swarm's state is on the data volume, now and at each boot; no other fleet's is there."""
    written = {path: (MODES[path], text) for path, text in files(fleet).items()}
    return script(_ROOM / "keep.sh", SCRIPT, _kept(fleet), SWARM, put=written)


def let_go() -> str:
    """There, when it manages no swarm any more: nothing of that is on the volume."""
    return script(_ROOM / "let_go.sh", _kept(""), SWARM, *MODES)


def _kept(fleet: str) -> str:
    return f"{DATA}/swarm/{fleet}"


def init(address: str, encrypted: bool, alone: bool) -> str:
    """Be the first manager of a swarm, at this address of the private network; a swarm that there is stays, also one that a
    host before this one managed `alone` (no other manager). Prints its id."""
    words = ["yes" if each else "no" for each in (encrypted, alone)]
    return script(_ROOM / "init.sh", address, BRIDGE, BRIDGE_SUBNET, GATEWAY, words[0], POOL, words[1], SWARM)


def tokens() -> str:
    """On the first manager: prints what a member joins with, and who is known (`understood`). Secret."""
    return script(_ROOM / "tokens.sh")


def token(said: str, manager: bool) -> str:
    """Of what `tokens` printed, the standard input of `join`."""
    worker, managers, known = [*said.splitlines(), "", "", ""][:3]
    return f"{managers if manager else worker}\n{known}\n"


def join(address: str, first: str, encrypted: bool) -> str:
    """Be in the swarm whose first manager is at `first`; the token and who is known there come by standard input (`token`)."""
    return script(_ROOM / "join.sh", address, BRIDGE, BRIDGE_SUBNET, GATEWAY, "yes" if encrypted else "no", first)


def nodes(managers: Mapping[str, bool], drained: Sequence[str]) -> str:
    """On the first manager: all members are ready, in their roles, and take tasks unless they are drained."""
    return script(_ROOM / "nodes.sh", *_words(managers, drained))


def vacate(managers: Mapping[str, bool], drained: Sequence[str]) -> str:
    """On the first manager: who is drained, or no member any more, gives its tasks away, and a manager its role."""
    return script(_ROOM / "vacate.sh", *_words(managers, drained))


def forget(name: str) -> str:
    """On the first manager: a host that goes is known no more."""
    return script(_ROOM / "forget.sh", name)


def leave() -> str:
    """The last one ends the swarm."""
    return script(_ROOM / "leave.sh")


def join_databases(network: str, aliases: Mapping[str, Sequence[str]]) -> str:
    """Put each of these containers onto the network between the hosts, beside its own one."""
    return script(_ROOM / "databases.sh", network, *named(aliases))


def part_databases(network: str, names: Sequence[str], wait_s: int = 2 * SERVICE_GRACE_S) -> str:
    """Take them off it, once no task is at work any more, or after `wait_s` seconds."""
    return script(_ROOM / "part.sh", str(wait_s), network, *names)


def commands(references: Sequence[str]) -> str:
    """On the first manager, which has pulled them: what each image runs, a line of JSON each."""
    return script(_ROOM / "commands.sh", *references)


def _words(managers: Mapping[str, bool], drained: Sequence[str]) -> list[str]:
    return [
        f"{name}={'manager' if manager else 'worker'}={'drain' if name in drained else 'active'}"
        for name, manager in managers.items()
    ]
