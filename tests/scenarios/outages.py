"""Outages of which the guide says nothing: made on the host's and the clouds' own surface, most of them outside what is declared.

Whoever is harmed, and which number is taken, comes from a seed (MECH_OUTAGE_SEED): a cause must not be known by its example.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mech_infra.catalogue import SERVICES

from .world import World


@dataclass(frozen=True)
class Outage:
    """`cause`: what `mech diagnose` is to name first, one of them. `declared`: whether drift of ours tells it, too."""

    name: str
    breaks: Callable[[World, random.Random], Any]
    heals: Callable[[World], Any]
    cause: tuple[str, ...]
    declared: bool = False

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def host(line: str) -> Callable[..., Any]:
    """A command on the host by SSH."""
    return lambda world, *_: world.ssh(line)


def console(line: str) -> Callable[..., Any]:
    """The same at Vultr's console: SSH may be what is broken."""
    return lambda world, *_: world.console(line)


def container(line: str) -> Callable[[World, random.Random], Any]:
    """A command about one service's container, {name}."""
    return lambda world, luck: world.ssh(line.format(name=luck.choice(_containers())))


def zone(method: str, path: str, body: Any) -> Callable[..., Any]:
    return lambda world, *_: world.cloudflare(method, path, body)


def _containers() -> list[str]:
    return [service.container_name for service in SERVICES.values()]


def _recover(world: World) -> None:
    world.stack.mech("recover", "--stack", "sandbox")
    world.up()


def _trust(world: World) -> None:
    """What a person does: compares at the console, then says so."""
    fingerprint = world.console("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    world.stack.mech("trust-host-key", "--stack", "sandbox", "--fingerprint", fingerprint)


def _reserved(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.vultr("GET", "/reserved-ips")["reserved_ips"][0]
    return found


def _detach_volume(world: World, _: random.Random) -> None:
    world.vultr("POST", f"/blocks/{world.vultr('GET', '/blocks')['blocks'][0]['id']}/detach", {"live": True})


def _close_group(world: World, luck: random.Random) -> None:
    group = world.vultr("GET", "/firewalls")["firewall_groups"][0]["id"]
    rules = world.vultr("GET", f"/firewalls/{group}/rules")["firewall_rules"]
    rule = next(rule for rule in rules if rule["port"] == "80")
    world.vultr("DELETE", f"/firewalls/{group}/rules/{rule['id']}")


def _ban_the_edge(world: World, _: random.Random) -> None:
    """As fail2ban does it when nginx logs the edge and not the visitor."""
    banned = f"iptables -A f2b-nginx -s {world.settings.edge} -j REJECT; iptables -A f2b-nginx -j RETURN"
    world.ssh(f"iptables -N f2b-nginx; {banned}; iptables -I INPUT -p tcp -m multiport --dports 80,443 -j f2b-nginx")


def _foreign_site(world: World, luck: random.Random) -> None:
    site = f"server {{ listen 80; server_name {luck.choice(list(SERVICES))}.mech.is; return 503; }}"
    world.ssh(f"echo '{site}' > /etc/nginx/conf.d/aa.conf && systemctl reload nginx")


_UNBAN = (
    "iptables -D INPUT -p tcp -m multiport --dports 80,443 -j f2b-nginx; iptables -F f2b-nginx; iptables -X f2b-nginx"
)
# One write after the other, as jobs come: Redis refuses the one that would be too much.
_FILL = r"""
import sys
for n in range(4000):
    key = f"fill:{n}"
    sys.stdout.write(f"*3\r\n$3\r\nSET\r\n${len(key)}\r\n{key}\r\n$100000\r\n" + "x" * 100000 + "\r\n")
"""
_BEFORE = "/etc/ufw/before.rules"
_UP: Callable[[World], Any] = lambda world: world.up()  # noqa: E731

OUTAGES = (
    Outage(
        "outgoing denied", host("ufw default deny outgoing && ufw reload"), console("ufw default allow outgoing && ufw reload"),
        ("UFW_DENIES_OUTGOING",),
    ),
    Outage("forwarding off", host("sysctl -w net.ipv4.ip_forward=0"), _UP, ("FORWARDING_OFF",), declared=True),
    Outage("Docker's NAT flushed", host("iptables -t nat -F"), host("systemctl restart docker"), ("NAT_GONE",)),
    Outage(
        "a rule in before.rules",
        host(f"sed -i '/^# End required lines/a -A ufw-before-input -p tcp --dport 80 -j DROP' {_BEFORE} && ufw reload"),
        console(f"cp /usr/share/ufw/iptables/before.rules {_BEFORE} && ufw reload"), ("UFW_BEFORE_RULES",),
    ),
    Outage(
        "Docker without iptables, and a reboot",
        host("echo '{\"iptables\": false}' > /etc/docker/daemon.json && iptables -t nat -F && systemctl restart docker"),
        host("rm /etc/docker/daemon.json && systemctl restart docker"), ("DOCKER_NO_IPTABLES",),
    ),
    Outage(
        "the address detached at Vultr",
        lambda world, _: world.vultr("POST", f"/reserved-ips/{_reserved(world)['id']}/detach"), _recover, ("ADDRESS_DETACHED",),
    ),
    Outage("the volume detached at Vultr", _detach_volume, _recover, ("VOLUME_DETACHED",)),
    Outage(
        "Redis filled",
        lambda world, _: world.ssh("python3 - | docker exec -i redis redis-cli --pipe >/dev/null || true", text=_FILL),
        host("docker exec redis sh -c \"redis-cli --scan --pattern 'fill:*' | xargs -n 200 redis-cli unlink\" >/dev/null"),
        ("REDIS_FULL",),
    ),
    Outage(
        "Redis made a replica", host("docker exec redis redis-cli replicaof 192.0.2.9 6379"),
        host("docker exec redis redis-cli replicaof no one"), ("REDIS_REPLICA",),
    ),
    Outage("the zone paused", zone("PATCH", "", {"paused": True}), lambda world: world.cloudflare("PATCH", "", {"paused": False}), ("ZONE_PAUSED",)),
    Outage(
        "under attack mode", zone("PATCH", "/settings/security_level", {"value": "under_attack"}),
        lambda world: world.cloudflare("PATCH", "/settings/security_level", {"value": "medium"}), ("UNDER_ATTACK_MODE",),
    ),
    Outage("the edge banned", _ban_the_edge, console(_UNBAN), ("EDGE_BANNED",)),
    Outage(
        "an IPv6 rule opens a database",
        lambda world, luck: world.ssh(f"ufw allow proto tcp from ::/0 to any port {luck.choice([27017, 6379])}"),
        lambda world: world.ssh("for p in 27017 6379; do ufw delete allow proto tcp from ::/0 to any port $p || true; done"),
        ("UFW_IPV6_OPEN",),
    ),
    Outage(
        "another host key",
        host("rm /etc/ssh/ssh_host_ed25519_key && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key && systemctl restart ssh"),
        _trust,
        ("SSH_HOST_KEY",),
    ),
    Outage("SSH refused by a rule", host("(sleep 1; iptables -I INPUT 1 -p tcp --dport 22 -j REJECT --reject-with tcp-reset) >/dev/null 2>&1 &"),
           console("iptables -D INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset"), ("SSH_REFUSED",)),
    Outage("our key taken away", host("mv /root/.ssh/authorized_keys /root/.ssh/was"),
           console("mv /root/.ssh/was /root/.ssh/authorized_keys"), ("SSH_KEY_REFUSED",)),
    Outage("sshd masked", host("systemctl mask ssh; (sleep 1; systemctl stop ssh ssh.socket; pkill -x sshd) >/dev/null 2>&1 &"),
           console("systemctl unmask ssh; systemctl start ssh"), ("SSH_REFUSED",)),
    Outage("a rule before Docker's guard", host("iptables -I DOCKER-USER 1 -j DROP"),
           _UP, ("CHAIN_REJECTS", "DOCKER_BYPASSES_UFW")),
    Outage(
        "a port closed by iptables", host("iptables -I INPUT 1 -p tcp --dport 80 -j DROP"), _UP,
        ("UFW_PORT_CLOSED",), declared=True,
    ),
    Outage("nginx to containers rejected", host("iptables -I OUTPUT 1 -d 172.16.0.0/12 -p tcp -j REJECT"),
           host("iptables -D OUTPUT -d 172.16.0.0/12 -p tcp -j REJECT"), ("CHAIN_REJECTS",)),
    Outage("MongoDB off the network", host("docker network disconnect mech-network mongodb"), _UP, ("DATASTORE_OFF_NETWORK",), declared=True),
    Outage("Redis paused", host("docker pause redis"), host("docker unpause redis"), ("REDIS_DOWN",), declared=True),
    Outage("Redis answers nobody", host("docker exec redis redis-cli client pause 120000 all"),
           host("docker restart -t 5 redis"), ("DATABASE_UNREACHED", "BETWEEN_NGINX_AND_CONTAINER", "IN_THE_CONTAINER", "CONTAINER_UNHEALTHY")),
    Outage("Docker stopped", host("systemctl stop docker.socket docker"), _recover, ("DOCKER_DOWN",), declared=True),
    Outage("nginx frozen", host("pkill -STOP -x nginx"), host("pkill -CONT -x nginx"), ("NGINX_SILENT",)),
    Outage(
        "somebody's site before ours",
        _foreign_site,
        host("rm /etc/nginx/conf.d/aa.conf; systemctl reload nginx"), ("NGINX_SITE_FOREIGN",),
    ),
    Outage("a container without a way", container("nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {name}) -n ip route del default"),
           lambda world: world.ssh("docker restart -t 5 $(docker ps -q --filter label=mech.service)"), ("CONTAINER_NO_WAY_OUT",)),
    Outage("a service frozen", container("docker kill -s STOP {name}"),
           lambda world: world.ssh("for c in $(docker ps -q --filter label=mech.service); do docker kill -s CONT $c; done"),
           ("CONTAINER_UNHEALTHY", "IN_THE_CONTAINER")),
    Outage("80 closed at Vultr", _close_group, _UP, ("VULTR_GROUP_CLOSED",), declared=True),
    Outage("the group taken off the instance",
           lambda world, _: world.vultr("PATCH", f"/instances/{world.instance}", {"firewall_group_id": ""}), _UP, ("VULTR_GROUP_LOST",),
           declared=True),
)  # fmt: skip
