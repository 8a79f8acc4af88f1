from __future__ import annotations

import json
from pathlib import Path

import pytest

from mech_infra.facts.host import filters

NAT = "-P PREROUTING ACCEPT\n-A POSTROUTING -s 172.18.0.0/16 ! -o br-9120c4810bd1 -j MASQUERADE\n"
# `iptables -S` where fail2ban 1.0 has banned two, shortened.
BANS = """-P INPUT DROP
-N f2b-sshd
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A ufw-user-input -s 192.0.2.1/32 -j DROP
-A f2b-sshd -s 203.0.113.7/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -s 203.0.113.0/24 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
"""
SETS = """create f2b-nginx hash:ip family inet hashsize 1024 maxelem 65536 timeout 600
add f2b-nginx 203.0.113.8 timeout 321
create docker-ext-bridges-v4 hash:net family inet
add docker-ext-bridges-v4 172.18.0.0/16
"""
# `nft -j list ruleset` (libnftables-json(5)).
NFT = json.dumps({"nftables": [
    {"metainfo": {"version": "1.0.6"}}, {"table": {"family": "inet", "name": "f2b-table", "handle": 1}},
    {"set": {"family": "inet", "name": "addr-set-sshd", "table": "f2b-table", "type": "ipv4_addr", "elem": [
        "203.0.113.9", {"prefix": {"addr": "198.51.100.0", "len": 24}},
        {"elem": {"val": "203.0.113.10", "timeout": 600, "expires": 12}}]}},
    {"set": {"family": "inet", "name": "empty", "table": "f2b-table", "type": "ipv4_addr"}},
    {"set": {"family": "ip", "name": "others", "table": "filter", "type": "ipv4_addr", "elem": ["192.0.2.9"]}},
]})  # fmt: skip


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, str]]:
    """What the tools say, by the first and the last word; one that is not there says nothing."""
    there: dict[str, tuple[int, str]] = {}
    monkeypatch.setattr(filters, "run", lambda *argv, timeout: there.get(f"{argv[0]} {argv[-2]}", (127, "")))
    return there


def test_the_translation_of_addresses_is_told_as_iptables_says_it(said: dict[str, tuple[int, str]]) -> None:
    assert filters.filters([])["nat"] is None
    said["iptables nat"] = (0, NAT)
    assert filters.filters([])["nat"] == NAT.splitlines()


def test_nobody_is_banned_where_there_is_no_fail2ban(said: dict[str, tuple[int, str]]) -> None:
    said["iptables 2"] = (0, "-P INPUT DROP\n-A ufw-user-input -s 192.0.2.1/32 -j DROP\n")
    assert filters.banned() == {}


def test_who_is_banned_in_chains_and_sets(said: dict[str, tuple[int, str]]) -> None:
    said |= {
        "iptables 2": (0, BANS), "ip6tables 2": (0, "-A f2b-sshd -s 2001:db8::7/128 -j REJECT\n"),
        "ipset ipset": (0, SETS), "nft list": (0, NFT),
    }  # fmt: skip
    assert filters.banned() == {
        "f2b-sshd": ["203.0.113.7", "203.0.113.0/24", "2001:db8::7"], "f2b-nginx": ["203.0.113.8"],
        "addr-set-sshd": ["203.0.113.9", "198.51.100.0/24", "203.0.113.10"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "policy"),
    [('IPV6=yes\nDEFAULT_OUTPUT_POLICY="ACCEPT"\n', "ACCEPT"), ("DEFAULT_OUTPUT_POLICY=DROP\n", "DROP"),
     ('#DEFAULT_OUTPUT_POLICY="DROP"\n', ""), ('DEFAULT_OUTPUT_POLICY="DROP"\nDEFAULT_OUTPUT_POLICY="REJECT"\n', "REJECT")],
)  # fmt: skip
def test_ufws_defaults(text: str, policy: str) -> None:
    assert filters.default(text, "output") == policy


def test_a_file_of_ufws_that_somebody_edited(tmp_path: Path) -> None:
    ours, brought = tmp_path / "before.rules", tmp_path / "packaged"
    assert not filters.differs(str(ours), str(brought))  # a package that brings none
    brought.write_text("*filter\n")
    assert filters.differs(str(ours), str(brought))  # missing
    ours.write_text("*filter\n")
    assert not filters.differs(str(ours), str(brought))
    ours.write_text("*filter\n-A ufw-before-input -j DROP\n")
    assert filters.differs(str(ours), str(brought))
