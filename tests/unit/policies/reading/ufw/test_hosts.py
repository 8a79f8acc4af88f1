"""What a program's commands leave on a host: who reaches which port, what is sure, and what cannot be known."""

from __future__ import annotations

from typing import Any

import pytest

from policies.model import REMOTE, UNKNOWN, Resource, Stack
from policies.reading.ufw import Host, hosts, opened, ssh_ports, ufw, who


def command(text: str, name: str = "firewall", **props: Any) -> Resource:
    return Resource(REMOTE, name, {"create": text, **props})


def host(*texts: str) -> Host:
    found = ufw(Stack([command(text, f"c{at}") for at, text in enumerate(texts)]))
    assert found is not None
    return found


REACHED = {
    "everybody": ("ufw allow 80", 80, ["0.0.0.0/0"]),
    "a range": ("ufw allow 3001:3010/tcp", 3005, ["0.0.0.0/0"]),
    "beside a range": ("ufw allow 3001:3010/tcp", 3011, []),
    "another protocol": ("ufw allow 80/udp", 80, []),
    "limited": ("ufw limit ssh", 22, ["0.0.0.0/0"]),
    "some": ("ufw allow from 192.0.2.0/24 to any port 80", 80, ["192.0.2.0/24"]),
    "some and then all": ("ufw allow from 192.0.2.7 to any port 80; ufw allow 80/tcp", 80, ["192.0.2.7", "0.0.0.0/0"]),
    "the opposite rule takes its place": ("ufw allow 80/tcp; ufw deny 80/tcp", 80, []),
    "another rule comes after it": ("ufw allow 80/tcp; ufw deny 80", 80, ["0.0.0.0/0"]),
    "the first match decides": ("ufw deny 80; ufw allow 80/tcp", 80, []),
    "inserted before it": ("ufw allow 80/tcp; ufw insert 1 deny to any port 80", 80, []),
    "a ban is about somebody": ("ufw deny from 192.0.2.9; ufw allow 80", 80, ["0.0.0.0/0"]),
    "the inner side": ("ufw allow in on wg0 to any port 80", 80, ["on wg0"]),
    "another address of the host": ("ufw allow to 10.0.0.5 port 80 proto tcp", 80, ["to 10.0.0.5"]),
    "the outer interface": ("ufw allow in on eth0 to any port 80", 80, ["0.0.0.0/0"]),
    "by default": ("ufw default allow", 80, ["0.0.0.0/0"]),
    "denied before the default": ("ufw default allow; ufw reject 80", 80, []),
    "what passes through is not what comes in": ("ufw route allow proto tcp to any port 80", 80, []),
    "what goes out is not what comes in": ("ufw allow out 80", 80, []),
    "a dry run": ("ufw allow 22; ufw --dry-run allow 80", 80, []),
    "refused": ("ufw allow 22; ufw --force allow 80; ufw allow 80 443; ufw allow 70000", 80, []),
    "deleted": ("ufw allow 80; ufw delete allow 80", 80, []),
    "all of it in two halves": ("ufw allow from 0.0.0.0/1 to any port 80; ufw allow from 128.0.0.0/1 to any port 80", 80,
                                ["0.0.0.0/1", "128.0.0.0/1"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "port", "sources"), REACHED.values(), ids=REACHED)
def test_who_reaches_a_port(text: str, port: int, sources: list[str]) -> None:
    assert who(host(text).sure, port).least.words == sources


def test_two_halves_are_everybody_and_private_networks_are_nobody_of_the_internet() -> None:
    halves = host(REACHED["all of it in two halves"][0])
    assert halves.everybody(80) is True
    private = host("ufw allow from 10.0.0.0/8 to any port 6379; ufw allow from 192.168.0.0/16 to any port 6379")
    assert (private.everybody(6379), private.opened, private.closed(6379)) == (False, [], False)


def test_both_families_are_asked() -> None:
    found = host("ufw allow from ::/0 to any port 27017; ufw allow 80")
    assert [found.everybody(27017, v6=v6) for v6 in (False, True)] == [False, True]
    off = host("sed -i s/x/y/ /etc/x; printf 'IPV6=no\\n' >/etc/default/ufw; ufw allow 80")
    assert [off.everybody(80, v6=v6) for v6 in (False, True)] == [True, False]


def test_open_ports_as_few_ranges() -> None:
    text = "ufw allow 80,443/tcp; ufw allow 3001:3005/tcp; ufw allow 3006:3010/tcp; ufw deny 3003/tcp; ufw insert 1 deny 443/tcp"
    assert opened(host(text).sure) == [range(80, 81), range(3001, 3011)]


@pytest.mark.parametrize(
    ("text", "everybody", "closed"),
    [
        ('if [ "$STAGE" = prod ]; then ufw allow 80; else ufw allow 81; fi', None, None),
        ('ufw allow 80; if [ "$STAGE" = prod ]; then ufw deny 80; fi', None, False),
        ('ufw allow "$PORT"/tcp', None, None),
        ('ufw allow "$PORT"/udp', False, True),
        ('ufw allow from "$OFFICE" to any port 80', None, None),
        ('ufw allow from "$OFFICE" to any port 22', False, True),
        ('ufw allow in on "$IFACE" to any port 80', None, None),
        ('ufw allow 80; ufw deny "$PORT"', True, False),
        ('ufw deny "$PORT"; ufw allow 80', None, None),
        ('ufw allow 80; ufw delete allow "$PORT"', True, False),
        ('ufw allow 22; ufw "$DO" 80', None, None),
        ('ufw allow "Some App"', None, None),
    ],
)
def test_what_cannot_be_known_is_neither_open_nor_closed(
    text: str, everybody: bool | None, closed: bool | None
) -> None:
    found = host(text if text.startswith("ufw allow 22") else f"ufw allow 22; {text}")
    assert (found.everybody(80), found.closed(80)) == (everybody, closed)


@pytest.mark.parametrize(
    ("text", "stdin", "type", "enabled"),
    [
        ("ufw enable", None, REMOTE, False),
        ("ufw enable", "y\n", REMOTE, True),
        ("yes | ufw enable", None, REMOTE, True),
        ("ufw --force enable", None, REMOTE, True),
        ("ufw enable --force", None, REMOTE, False),
        ("ufw allow 22; ufw enable", None, "vultr:index/startupScript:StartupScript", True),
        ("ufw --force enable; ufw --force reset", None, REMOTE, False),
        ("ufw --force enable; ufw reset", None, REMOTE, True),
        ("printf 'ENABLED=yes\\n' >/etc/ufw/ufw.conf; ufw reload", None, REMOTE, True),
    ],
)
def test_whether_it_is_on(text: str, stdin: str | None, type: str, enabled: bool) -> None:
    about = {"script": text} if type != REMOTE else {"create": text, "stdin": stdin}
    assert hosts(Stack([Resource(type, "c", about)]))[0].sure.enabled is enabled


def test_each_host_has_a_table_and_commands_without_a_host_are_everybodys() -> None:
    stack = Stack([
        command("ufw allow 80", "a", connection={"host": "192.0.2.1"}),
        command("ufw allow 81", "b", connection={"host": "192.0.2.2"}),
        command("ufw allow 82", "c", connection={"host": UNKNOWN}),
    ])  # fmt: skip
    assert {found.name: found.opened for found in hosts(stack)} == {
        "192.0.2.1": [range(80, 81), range(82, 83)],
        "192.0.2.2": [range(81, 83)],
    }


GUARD = ":DOCKER-USER - [0:0]\n-A DOCKER-USER -i docker0 -j RETURN\n-A DOCKER-USER -p tcp -m conntrack --ctorigdstport 80,443 -j RETURN\n-A DOCKER-USER -j DROP"
GUARDED = {
    "none": ("true", None),
    "a file of UFW's": ("cat >>/etc/ufw/after.rules <<'E'\n*filter\n" + GUARD + "\nCOMMIT\nE", [range(80, 81), range(443, 444)]),
    "restored": ("iptables-restore -n <<'E'\n*filter\n" + GUARD + "\nCOMMIT\nE", [range(80, 81), range(443, 444)]),
    "by hand": ("iptables -I DOCKER-USER -i eth0 ! -s 10.0.0.0/8 -j DROP", []),
    "flushed again": ("iptables -I DOCKER-USER -i eth0 -j DROP; iptables -F DOCKER-USER", None),
    "taken away again": ("iptables -A DOCKER-USER -j DROP; iptables -D DOCKER-USER -j DROP", None),
    "all is let in before": ("iptables -A DOCKER-USER -j RETURN; iptables -A DOCKER-USER -j DROP", None),
    "let in at the top": ("iptables -I DOCKER-USER -j DROP; iptables -I DOCKER-USER -p tcp --dport 8080 -j ACCEPT", [range(8080, 8081)]),
    "answers only": ("iptables -A DOCKER-USER -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN; iptables -A DOCKER-USER -j DROP", []),
    "one port only": ("iptables -I DOCKER-USER -p tcp --dport 6379 -j DROP", None),
    "UFW's route rules": ("ufw route allow proto tcp from any to any port 80; cat >>/etc/ufw/after.rules <<'E'\n:DOCKER-USER - [0:0]\n-A DOCKER-USER -j ufw-user-forward\n"
                          "-A DOCKER-USER -s 10.0.0.0/8 -j RETURN\n-A DOCKER-USER -p tcp -d 172.16.0.0/12 -j ufw-docker-logging-deny\n-A DOCKER-USER -j RETURN\nE", [range(80, 81)]),
    "gone with a reset": ("cat >>/etc/ufw/after.rules <<'E'\n" + GUARD + "\nE\nufw --force reset", None),
}  # fmt: skip


@pytest.mark.parametrize(("text", "ports"), GUARDED.values(), ids=GUARDED)
def test_what_docker_is_told_to_let_in(text: str, ports: list[range] | None) -> None:
    assert host(f"ufw allow 22\n{text}").guarded == ports


@pytest.mark.parametrize(
    ("text", "connection", "ports"),
    [
        ("ufw allow 22", {}, [22]),
        ("ufw allow 22", {"port": 2200}, [2200]),
        ("sed -i 's/^#*Port .*/Port 2222/' /etc/ssh/sshd_config; ufw allow 2222", {}, [2222]),
        ("echo 'Port 2022' >/etc/ssh/sshd_config.d/port.conf; ufw allow 22", {}, [2022]),
        ('echo "Port $PORT" >>/etc/ssh/sshd_config; ufw allow 22', {}, None),
    ],
)
def test_where_sshd_listens(text: str, connection: dict[str, Any], ports: list[int] | None) -> None:
    assert ssh_ports(hosts(Stack([command(text, connection=connection)]))[0]) == ports
