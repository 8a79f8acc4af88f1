"""Hosts in VPCs for real: who reaches whom, over reboots, while attached and detached; and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import host, internet, steps
from sandbox.host.model import Place

from .account import Account, account
from .stack import own

pytestmark = pytest.mark.in_order
# Each host's sshd listens on all of its addresses: whoever reads its greeting has reached it.
_GREETING = 'exec 3<>"/dev/tcp/$0/22" && head -c 4 <&3'

_RECEIVER = """
import socket, sys
udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.create_server((sys.argv[1], 9000))
udp.bind((sys.argv[1], 9000))
udp.settimeout(20), tcp.settimeout(20)
print("ready", flush=True)
print(len(udp.recv(65535)))
with tcp.accept()[0] as peer:
    print(sum(len(part) for part in iter(lambda: peer.recv(65536), b"")))
"""
_SENDER = """
import socket, sys
socket.socket(type=socket.SOCK_DGRAM).sendto(bytes(4000), (sys.argv[1], 9000))
with socket.create_connection((sys.argv[1], 9000), timeout=10) as peer:
    peer.sendall(bytes(4000000))
"""


@pytest.fixture(scope="module")
def vultr() -> Iterator[Account]:
    with account(own("vpc")) as found:
        yield found


@pytest.fixture(scope="module")
def fleet(vultr: Account) -> dict[str, dict[str, Any]]:
    """`one` and `two` in VPC a, `three` in VPC b; their firewall group lets nothing in."""
    group = vultr.call("POST", "firewalls", {"description": "closed"})["firewall_group"]["id"]
    a, b = (vultr.call("POST", "vpcs", {"region": "ewr", "description": name})["vpc"] for name in "ab")
    made = {
        name: vultr.instance(name, attach_vpc=[vpc["id"]], firewall_group_id=group)
        for name, vpc in (("one", a), ("two", a), ("three", b))
    }
    return {**made, "a": a, "b": b}


def on(vultr: Account, id: str, *argv: str, seconds: float = 3) -> subprocess.CompletedProcess[str]:
    """Run the machine's program in a host's network."""
    there = ["nsenter", "-t", str(host.init_pid(vultr.settings, id)), "-n", "timeout", str(seconds), *argv]
    return subprocess.run(there, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def reaches(vultr: Account, id: str, address: str) -> bool:
    return on(vultr, id, "bash", "-c", _GREETING, address).stdout == "SSH-"


def interfaces(vultr: Account, id: str) -> dict[str, str]:
    """The host's addresses by interface, without lo."""
    lines = on(vultr, id, "ip", "-o", "-4", "addr", "show").stdout.splitlines()
    return {words[1]: words[3] for line in lines if (words := line.split())[1] != "lo"}


def test_hosts_of_one_vpc_reach_each_other_and_nobody_else_does(vultr: Account, fleet: dict[str, Any]) -> None:
    one, two, three = (fleet[name] for name in ("one", "two", "three"))
    assert interfaces(vultr, one["id"]) == {"eth0": f"{one['main_ip']}/24", "eth1": f"{one['internal_ip']}/20"}
    assert "mtu 1450" in on(vultr, one["id"], "ip", "link", "show", "eth1").stdout
    assert reaches(vultr, one["id"], two["internal_ip"]) and reaches(vultr, two["id"], one["internal_ip"])
    for stranger, address in ((three["id"], one["internal_ip"]), (one["id"], three["internal_ip"])):
        assert not reaches(vultr, stranger, address)
    probe = ["nc", "-z", "-w", "2"]
    assert internet.command(vultr.settings, [*probe, one["internal_ip"], "22"], stderr=subprocess.DEVNULL) != 0
    # The group filters the main interface: what the VPC let through it does not.
    assert internet.command(vultr.settings, [*probe, one["main_ip"], "22"], stderr=subprocess.DEVNULL) != 0
    assert not reaches(vultr, two["id"], one["main_ip"])


def test_what_is_larger_than_a_packet_arrives(vultr: Account, fleet: dict[str, Any]) -> None:
    """By TCP, and as a datagram in pieces, which a Docker overlay whose MTU is too large sends."""
    one, two = fleet["one"], fleet["two"]
    listen = ["nsenter", "-t", str(host.init_pid(vultr.settings, two["id"])), "-n", sys.executable, "-c", _RECEIVER]
    with subprocess.Popen([*listen, two["internal_ip"]], stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout and receiver.stdout.readline() == "ready\n"
        assert on(vultr, one["id"], sys.executable, "-c", _SENDER, two["internal_ip"], seconds=20).returncode == 0
        assert receiver.stdout.read().split() == ["4000", "4000000"]


def test_a_host_that_lies_about_its_network_stays_alone(vultr: Account, fleet: dict[str, Any]) -> None:
    three, one, gateway = fleet["three"]["id"], fleet["one"], vultr.settings.gateway
    forged = f"{one['internal_ip'].rsplit('.', 1)[0]}.99/20"
    on(vultr, three, "ip", "addr", "add", forged, "dev", "eth1")
    assert not reaches(vultr, three, one["internal_ip"])
    # The machine behind the bridge does not answer for its addresses, so nobody makes a router of it.
    on(vultr, three, "ip", "route", "add", f"{gateway}/32", "dev", "eth1")
    assert not reaches(vultr, three, gateway)
    assert "lladdr" not in on(vultr, three, "ip", "neigh", "show", gateway, "dev", "eth1").stdout
    on(vultr, three, "ip", "route", "del", f"{gateway}/32", "dev", "eth1")
    on(vultr, three, "ip", "addr", "del", forged, "dev", "eth1")


def test_a_reboot_keeps_it(vultr: Account, fleet: dict[str, Any]) -> None:
    one, two = fleet["one"], fleet["two"]
    mac = on(vultr, one["id"], "cat", "/sys/class/net/eth1/address")
    host.reboot(vultr.settings, one["id"])
    assert reaches(vultr, two["id"], one["internal_ip"]) and reaches(vultr, one["id"], two["internal_ip"])
    host.halt(vultr.settings, two["id"])
    assert not reaches(vultr, one["id"], two["internal_ip"])
    host.start(vultr.settings, two["id"])
    assert reaches(vultr, one["id"], two["internal_ip"])
    assert on(vultr, one["id"], "cat", "/sys/class/net/eth1/address").stdout == mac.stdout


def test_a_vpc_more_and_less_while_it_runs(vultr: Account, fleet: dict[str, Any]) -> None:
    one, two, three, b = fleet["one"], fleet["two"], fleet["three"], fleet["b"]["id"]
    before = host.init_pid(vultr.settings, one["id"])
    vultr.call("PATCH", f"instances/{one['id']}", {"attach_vpc": [b]})
    assert host.init_pid(vultr.settings, one["id"]) != before  # Vultr restarts it
    listed = vultr.call("GET", f"instances/{one['id']}/vpcs")["vpcs"]
    assert [vpc["id"] for vpc in listed] == [fleet["a"]["id"], b]
    assert vultr.shown(one["id"])["internal_ip"] == one["internal_ip"]
    second = listed[1]["ip_address"]
    assert interfaces(vultr, one["id"])["eth2"] == f"{second}/20"
    assert reaches(vultr, three["id"], second) and reaches(vultr, one["id"], three["internal_ip"])
    assert reaches(vultr, one["id"], two["internal_ip"])
    # It stands in both and carries nothing from one to the other.
    assert not reaches(vultr, three["id"], two["internal_ip"])

    before = host.init_pid(vultr.settings, one["id"])
    vultr.call("PATCH", f"instances/{one['id']}", {"detach_vpc": [fleet["a"]["id"]]})
    assert host.init_pid(vultr.settings, one["id"]) == before
    assert vultr.shown(one["id"])["internal_ip"] == second
    assert set(interfaces(vultr, one["id"])) == {"eth0", "eth2"}
    assert not reaches(vultr, two["id"], one["internal_ip"]) and reaches(vultr, three["id"], second)


def test_a_vpc_goes_when_its_last_member_is_gone(vultr: Account, fleet: dict[str, Any]) -> None:
    a, two = fleet["a"]["id"], fleet["two"]
    said = vultr.call("DELETE", f"vpcs/{a}", status=400)["error"]
    assert said == f"The following servers are attached to this VPC network: {two['main_ip']}"
    vultr.call("DELETE", f"instances/{two['id']}")
    vultr.call("DELETE", f"vpcs/{a}")
    assert bridges(vultr) == 1


def test_nothing_is_left_after_a_kill(vultr: Account, fleet: dict[str, Any]) -> None:
    for name in ("one", "three"):
        supervisor = json.loads(Place(vultr.settings, fleet[name]["id"]).runtime.read_text())["supervisor"]
        os.kill(supervisor, signal.SIGKILL)
    steps.remove(vultr.settings)
    assert not [link.name for kind in "mpv" for link in links(vultr, kind)]


def bridges(vultr: Account) -> int:
    return len(links(vultr, "v"))


def links(vultr: Account, kind: str) -> list[Path]:
    return list(Path("/sys/class/net").glob(f"{kind}{vultr.settings.index}-*"))
