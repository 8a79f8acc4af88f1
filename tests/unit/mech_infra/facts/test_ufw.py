from __future__ import annotations

from typing import Any

import pytest

from mech_infra.commands import swarm
from mech_infra.commands.firewall import Allow, docker_guard
from mech_infra.facts.host import ufw
from mech_infra.facts.model import Check

from .conftest import recorded, told, word

GUARD = docker_guard("3001:3010")
INPUT = recorded()["chains"].index("-A INPUT -j ufw-before-logging-input")
DECLARED: dict[str, Check] = {
    check.label: check
    for check in (ufw.On(), ufw.Denies(), *(ufw.Rule(port) for port in ("22", "80", "443", "3001:3010")),
                  ufw.DockerGuard(GUARD), ufw.OnlyDeclared())
}  # fmt: skip


def rule(action: str, port: str, proto: str = "tcp", comment: str = "mech") -> dict[str, Any]:
    return {"tuple": [action, proto, port, "0.0.0.0/0", "any", "0.0.0.0/0", "in"], "comment": comment}


def chains(*instead: str, of: str) -> list[str]:
    live = recorded()["chains"]
    at = live.index(of)
    return [*live[:at], *instead, *live[at + 1 :]]


def drift(facts: dict[str, Any]) -> dict[str, str]:
    return {label: seen for label, check in DECLARED.items() if (seen := word(check, facts)) != check.good}


def test_the_host_as_declared_shows_nothing() -> None:
    assert drift(recorded()) == {}
    assert told(ufw.foreign_rules([Allow("80")]), recorded()) == []


@pytest.mark.parametrize(
    ("facts", "label", "says"),
    [
        (recorded("ufw", "enabled", False), "UFW", "off"),
        (recorded(chains=chains(of="-A INPUT -j ufw-before-input")), "UFW", "on, but its rules are not loaded"),
        (recorded("ufw", "policy", "ACCEPT"), "UFW's default for incoming", "allow"),
        (recorded(chains=chains("-P INPUT ACCEPT", of="-P INPUT DROP")), "UFW's default for incoming", "allow (iptables)"),
        (recorded("ufw", "rules", 1, rule("deny", "80")), "80/tcp", "deny"),
        (recorded("ufw", "rules", 1, rule("allow", "8080")), "80/tcp", "missing"),
        (recorded("ufw", "rules", 0, rule("deny", "80", "any", "")), "80/tcp", "shadowed by `deny 80`"),
        (recorded("ufw", "rules", 0, rule("reject", "1:65535", comment="")), "3001:3010/tcp", "shadowed by `reject 1:65535/tcp`"),
        (recorded("ufw", "rules", 0, rule("deny", "3005", comment="")), "3001:3010/tcp", "shadowed by `deny 3005/tcp`"),
        (recorded(chains=chains(of="-A ufw-user-input -p tcp -m tcp --dport 80 -j ACCEPT")), "80/tcp", "not loaded"),
        (recorded("chains", INPUT, "-A INPUT -p tcp -m tcp --dport 80 -j DROP"), "80/tcp", "closed by iptables: `-A INPUT"),
        (recorded("chains", INPUT, "-A INPUT -p tcp -m tcp --dport 3005 -j REJECT"), "3001:3010/tcp", "closed by iptables"),
        (recorded("chains", INPUT, "-A INPUT -j DROP"), "22/tcp", "closed by iptables"),
        (recorded("ufw", "after", ""), "guard over Docker's published ports", "missing"),
        (recorded("ufw", "after", GUARD.replace("DROP", "RETURN")), "guard over Docker's published ports", "edited"),
        (recorded(chains=chains(of="-A DOCKER-USER -j DROP")), "guard over Docker's published ports", "not in force"),
        (recorded("ufw", "rules", [*recorded()["ufw"]["rules"], rule("allow", "8080", comment="")]), "UFW's other rules", "allow 8080/tcp"),
    ],
)  # fmt: skip
def test_drift_is_said_in_words(facts: dict[str, Any], label: str, says: str) -> None:
    assert drift(facts)[label].startswith(says)


@pytest.mark.parametrize("line", ["-A INPUT -s 192.0.2.1/32 -p tcp -m tcp --dport 80 -j DROP", "-A INPUT -p udp -j DROP",
                                  "-A INPUT -p tcp -m tcp --dport 8080 -j DROP", "-A INPUT -p tcp -j f2b-sshd"])  # fmt: skip
def test_rules_about_others_close_nothing_of_ours_and_are_told(line: str) -> None:
    facts = recorded()
    facts["chains"].insert(INPUT, line)
    assert drift(facts) == {}
    assert told(ufw.foreign_rules([Allow("443")]), facts) == [
        f"not ours: iptables has the rule `{line}` outside UFW (left as it is)"
    ]


def test_a_rule_after_ours_shadows_nothing_and_is_told_unless_it_is_drift() -> None:
    facts = recorded()
    facts["ufw"]["rules"].append(rule("deny", "80", "any", ""))
    assert set(drift(facts)) == {"UFW's other rules"}
    assert "`deny 80/any`" in told(ufw.foreign_rules([]), facts)[0]
    assert told(ufw.foreign_rules([], in_ufw=False), facts) == []


def ban(action: str, port: str, source: str) -> dict[str, Any]:
    return {"tuple": [action, "any", port, "0.0.0.0/0", "any", source, "in"], "comment": ""}


@pytest.mark.parametrize("other", [ban("deny", "any", "203.0.113.7"), ban("reject_log", "80", "198.51.100.0/24"),
                                   ban("limit", "any", "203.0.113.7")])  # fmt: skip
def test_a_ban_before_ours_is_told_with_whom_and_shadows_nothing(other: dict[str, Any]) -> None:
    facts = recorded()
    facts["ufw"]["rules"].insert(0, other)
    assert set(drift(facts)) == {"UFW's other rules"}
    assert f"from {other['tuple'][5]}`" in told(ufw.foreign_rules([]), facts)[0]


def test_a_ban_of_all_that_ours_is_for_shadows_it() -> None:
    facts = recorded()
    allow = {"tuple": ["allow", "tcp", "22", "0.0.0.0/0", "any", "192.0.2.0/24", "in"], "comment": "mech"}
    facts["ufw"]["rules"] = [ban("deny", "any", "192.0.0.0/16"), allow]
    assert word(ufw.Rule("22", "192.0.2.0/24"), facts) == "shadowed by `deny any`"


def test_limit_is_somebodys_decision_for_ssh_and_an_outage_for_visitors() -> None:
    facts = recorded()
    rules = facts["ufw"]["rules"]
    at = next(i for i, one in enumerate(rules) if one["tuple"][2] == "22")
    rules[at] = rule("limit", "22", comment="")
    facts["chains"] = chains("-A ufw-user-input -p tcp -m tcp --dport 22 -j ufw-user-limit-accept",
                             of="-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT")  # fmt: skip
    assert word(DECLARED["22/tcp"], facts) == "open"
    rules.insert(0, rule("limit", "any", "any", comment=""))
    assert word(DECLARED["22/tcp"], facts) == "open"
    assert word(DECLARED["80/tcp"], facts) == "shadowed by `limit any`"


def test_a_source_is_part_of_the_rule() -> None:
    office = ufw.rule(Allow("22", "192.0.2.0/24"))
    assert office.label == "22/tcp from 192.0.2.0/24"
    assert word(office, recorded()) == "missing"
    assert word(ufw.rule(Allow("22", "2001:db8::/32")), recorded()) == "open"  # in a file that nothing reads


def test_without_the_kernel_the_files_are_judged() -> None:
    assert drift(recorded(chains=None)) == {}
    assert set(
        drift(
            recorded(
                "ufw",
                "rules",
                [],
            )
            | {"chains": None}
        )
    ) == {f"{p}/tcp" for p in ("22", "80", "443", "3001:3010")}


def test_each_range_of_the_edge_is_looked_for_in_the_file_and_in_the_kernel() -> None:
    facts = recorded()
    near = ufw.rule(Allow("80", "198.51.100.7/32"))
    assert (near.label, word(near, facts)) == ("80/tcp from 198.51.100.7", "missing")
    facts["ufw"]["rules"].append(
        {"tuple": ["allow", "tcp", "80", "0.0.0.0/0", "any", "198.51.100.7", "in"], "comment": "mech"}
    )
    assert word(near, facts) == "not loaded"  # 80 is open in the kernel, and not by this rule
    facts["chains"].append("-A ufw-user-input -s 198.51.100.7/32 -p tcp -m tcp --dport 80 -j ACCEPT")
    assert word(near, facts) == "open"


def test_a_rule_by_hand_that_lets_others_in_beside_the_edge_says_so() -> None:
    facts = recorded(
        "ufw",
        "rules",
        [rule("allow", "80", comment=""), rule("deny", "443", comment=""), rule("allow", "8080", comment="")],
    )
    edge = [Allow("22"), Allow("80", "198.51.100.0/24"), Allow("443", "198.51.100.0/24")]
    assert ["others than Cloudflare" in said for said in told(ufw.foreign_rules(edge), facts)] == [True, False, False]
    assert "edge_only" not in ufw.foreign_rules([Allow("80")]).wire  # a stack of before is not changed


BESIDE = swarm.beside_guard(encrypted=True)
LINE = (
    "-A DOCKER-USER -s 10.96.0.0/20 -p tcp -m conntrack --ctorigdst 10.96.0.0/20 --ctorigdstport 12001:12010 "
    "-m comment --comment mech-fleet -j RETURN"
)
ESP = "-A ufw-after-input -s 10.96.0.0/20 -p esp -m comment --comment mech-fleet -j ACCEPT"


def a_member() -> dict[str, Any]:
    facts = recorded()
    facts["ufw"]["after"] += BESIDE
    at = facts["chains"].index(next(line for line in facts["chains"] if line.startswith("-A DOCKER-USER")))
    facts["chains"] = [*facts["chains"][:at], LINE, *facts["chains"][at:], ESP]
    return facts


def test_the_rules_between_members_stand_beside_the_guard() -> None:
    assert drift(a_member()) == {}
    check = ufw.BesideGuard(BESIDE)
    assert word(check, a_member()) == check.good
    assert word(check, recorded()) == "missing"
    for lost in (LINE, ESP):
        facts = a_member()
        facts["chains"].remove(lost)
        assert word(check, facts) == "not in force"


def test_a_rule_may_be_of_udp_and_is_ours_by_its_comment() -> None:
    check = ufw.rule(Allow("4789", "10.96.0.0/20", "udp"))
    assert (check.label, word(check, recorded())) == ("4789/udp from 10.96.0.0/20", "missing")
    facts = recorded()
    facts["ufw"]["rules"].append(
        {"tuple": ["allow", "udp", "4789", "0.0.0.0/0", "any", "10.96.0.0/20", "in"], "comment": "mech-fleet"}
    )
    facts["chains"].append("-A ufw-user-input -s 10.96.0.0/20 -p tcp -m tcp --dport 4789 -j ACCEPT")
    assert word(check, facts) == "not loaded"
    facts["chains"].append("-A ufw-user-input -s 10.96.0.0/20 -p udp -m udp --dport 4789 -j ACCEPT")
    assert word(check, facts) == check.good
    assert told(ufw.foreign_rules([Allow("80")]), facts) == [] and drift(facts) == {}
