"""Sequences of `ufw` commands as people write them, right, odd and wrong, by a seed."""

from __future__ import annotations

import random
from typing import Any

PORTS = ("22", "80", "443", "80/tcp", "443/tcp", "22/tcp", "53/udp", "3001:3010/tcp", "80,443/tcp", "443,80/tcp", "27017", "6379/tcp",
         "60000:61000/udp", "ssh", "http", "https", "domain", "ntp", "smtp/tcp", "OpenSSH", "openssh", "Nginx Full", "nginx http",
         "WWW Full", "Apache", "CIFS", "Mine", "XMPP", "Samba")  # fmt: skip
ODD_PORTS = ("80,443", "3001:3010", "0", "65536", "80:80", "90:80/tcp", "80/icmp", "80/", "/tcp", "80/tcp/udp", "nosuch", "any", "any/tcp",
             "http/udp", "Nginx", "all", "80,,443/tcp", "080", "80-90/tcp", "22/TCP", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16/tcp", "",
             "snmp,http/tcp", "ssh:80", "ipv6/ah", "8", "Bonjour", "kerberos/udp")  # fmt: skip
SOURCES = ("any", "10.0.0.0/8", "10.1.2.3/8", "192.0.2.7", "192.0.2.0/255.255.255.0", "203.0.113.9/32", "0.0.0.0/0", "::/0", "2001:db8::/32",
           "2001:DB8::1", "10.0.0.1/0", "::1", "2001:db8:0:0::7/128", "173.245.48.0/20")  # fmt: skip
ODD_SOURCES = (
    "10.0.0",
    "10.0.0.256",
    "10.0.0.0/33",
    "2001:db8::/129",
    "localhost",
    "192.0.2.0/255.0.255.0",
    "1.2.3.4/8/8",
    "",
    "010.0.0.1",
)
INTERFACES = ("eth0", "eth1", "docker0", "tailscale0", "br-lan", "wg+", "eth0:1", "toolonginterface", "!eth0", "..", "")
ACTIONS = ("allow", "allow", "allow", "deny", "reject", "limit")
SERVICES = ("http", "ssh", "domain", "ntp", "nosuch", "tftp", "syslog", "any")
WHOLE = ("enable", "--force enable", "-f enable", "enable --force", "disable", "reload", "status", "status numbered", "status verbose",
         "reset", "--force reset", "--force reset", "reset --force", "default deny", "default deny incoming", "default allow outgoing",
         "default reject outgoing", "default deny routed", "default allow input", "default deny out", "default allow FORWARD",
         "default accept incoming", "default", "--force default deny incoming", "--force default allow", "logging on", "logging off",
         "logging medium", "logging bad", "logging", "app list", "app info OpenSSH", "app info Nope", "app update Mine", "app update all",
         "app update --add-new Mine", "app default allow", "app default deny", "app default skip", "--force app list", "app", "show added",
         "show raw", "show", "version", "help", "on low", "raw raw", "--dry-run enable", "--dry-run disable", "--dry-run --force reset",
         "--dry-run", "--force", "ENABLE", "Allow 80", "rule allow 81", "verbose", "list", "delete", "status foo", "enable now",
         "--dry-run default deny incoming", "--dry-run app default allow", "--force --dry-run enable", "allow", "deny in", "app list x",
         "allow in on eth0", "allow in on docker0 from any", "allow from any", "deny to any", "DEFAULT deny")  # fmt: skip


def sequence(seed: int) -> dict[str, Any]:
    """Commands with what they read and by whom they are run; whether IPv6 is on; files that are there."""
    dice = random.Random(seed)
    count = dice.choice((1, 2, 4, 6, 9, 13))
    commands = []
    said: list[list[str]] = []
    for _ in range(count):
        words = _command(dice, said)
        said.append(words)
        stdin = dice.choice((None, None, None, "y\n", "n\n", "yes\n", "Y\n", "\n"))
        commands.append({"argv": ["ufw", *words], "stdin": stdin, "ssh": dice.random() < 0.6})
    mine = dice.choice(
        ("8080/tcp", "8080,8081/tcp|9000/udp", "8080", "8080:8090", "8080:8090/udp|53", "bad/tcp", "80/icmp")
    )
    files = {"/etc/ufw/applications.d/mine": f"[Mine]\ntitle=Mine\ndescription=Mine\nports={mine}\n"}
    return {"commands": commands, "ipv6": dice.random() < 0.85, "files": files if dice.random() < 0.9 else {}}


def _command(dice: random.Random, said: list[list[str]]) -> list[str]:
    kind = dice.random()
    if kind < 0.14:
        words = dice.choice(WHOLE).split()
    elif kind < 0.22 and said:
        words = list(dice.choice(said))
    elif kind < 0.36 and said:
        words = _deleted(dice, [word for word in dice.choice(said) if word not in ("--force", "--dry-run")])
    elif kind < 0.44:
        words = [
            *(["--force"] if dice.random() < 0.7 else []),
            "delete",
            str(dice.randint(0, 9) - (dice.random() < 0.05)),
        ]
    else:
        words = _rule(dice)
        place = dice.random()
        if place < 0.2:
            words = ["insert", dice.choice(("1", "1", "1", "2", "2", "3", "4", "5", "7", "0", "-1", "x", "1x")), *words]
        elif place < 0.3:
            words = ["prepend", *words]
        if dice.random() < 0.15:
            words = ["route", *words]
    if dice.random() < 0.05:
        words = [dice.choice(("--force", "--dry-run", "--force", "rule")), *words]
    return _spoilt(dice, words) if dice.random() < 0.05 else words


def _deleted(dice: random.Random, words: list[str]) -> list[str]:
    if words[:1] == ["route"]:
        return ["route", "delete", *words[1:]]
    if words[:1] == ["insert"]:
        words = words[2:]
    if words[:1] in (["prepend"], ["delete"]):
        words = words[1:]
    if "comment" in words and dice.random() < 0.5:
        words = words[: words.index("comment")]
    if words and dice.random() < 0.2:
        words = [dice.choice(ACTIONS), *words[1:]]
    return ["delete", *words]


def _rule(dice: random.Random) -> list[str]:
    words = [dice.choice(ACTIONS)]
    way = dice.random()
    if way < 0.15:
        words += [dice.choice(("in", "out", "in", "IN", "Out"))]
    elif way < 0.3:
        words += [dice.choice(("in", "out")), "on", dice.choice(INTERFACES[:5] if dice.random() < 0.8 else INTERFACES)]
        if dice.random() < 0.15:
            words += [dice.choice(("in", "out")), "on", dice.choice(INTERFACES[:4])]
    if dice.random() < 0.1:
        words.append(dice.choice(("log", "log-all")))
    words += [dice.choice(PORTS if dice.random() < 0.85 else ODD_PORTS)] if dice.random() < 0.5 else _clauses(dice)
    if dice.random() < 0.15:
        words += ["comment", dice.choice(("mine", "a b", "it's", "", "é"))]
    return words


def _clauses(dice: random.Random) -> list[str]:
    clauses = []
    if dice.random() < 0.5:
        clauses.append(["proto", dice.choice(("tcp", "tcp", "udp", "any", "esp", "ipv6", "igmp", "icmp", "gre"))])
    for end in ("from", "to"):
        if dice.random() < 0.75:
            address = dice.choice(SOURCES if dice.random() < 0.9 else ODD_SOURCES)
            clause = [end, "any" if end == "to" and dice.random() < 0.7 else address]
            if dice.random() < (0.7 if end == "to" else 0.2):
                named = dice.random()
                if named < 0.15:
                    clause += ["app", dice.choice(("OpenSSH", "Nginx Full", "apache", "Mine", "Nope", "CIFS"))]
                elif named < 0.3:
                    clause += ["port", dice.choice(SERVICES)]
                else:
                    port = dice.choice(PORTS[:9] if dice.random() < 0.9 else ODD_PORTS).split("/")[0]
                    clause += ["port", port]
            clauses.append(clause)
    if dice.random() < 0.2:
        dice.shuffle(clauses)
    return [word for clause in clauses for word in clause]


def _spoilt(dice: random.Random, words: list[str]) -> list[str]:
    words = list(words)
    at = dice.randrange(len(words) or 1)
    how = dice.random()
    if how < 0.4 and words:
        del words[at]
    elif how < 0.7:
        words.insert(
            at,
            dice.choice(
                ("in", "from", "port", "any", "80", "log", "to", "on", "proto", "out", "app", "insert", "delete")
            ),
        )
    elif words:
        words[at] = words[at].upper()
    return words
