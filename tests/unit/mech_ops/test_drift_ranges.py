"""Where only Cloudflare's edge is let in: its list changed, or the program did (`mech drift`)."""

from __future__ import annotations

from typing import Any

import pytest

from mech_ops.drift import events, repair, report

from .engine_says import SECRET, sensor, step

NEW = "198.51.100.0/24"
RULE, COMMAND = "vultr:index/firewallRule:FirewallRule", "command:local:Command"


def listed(told: str) -> str:
    return sensor("Cloudflare's list of ranges", "EdgeRanges", drift={"published and not let in": (told, "none")})


def moved(*more: str, name: str = "firewall-apply", triggers: Any = "ranges 1") -> str:
    old, new = {"create": SECRET, "triggers": ["i", triggers]}, {"create": SECRET, "triggers": ["i", triggers]}
    return step("replace", COMMAND, old, new, "create", *more, name=name)


def rule(range_: str) -> str:
    subnet, _, size = range_.partition("/")
    return step(
        "create",
        RULE,
        None,
        {"port": "80", "subnet": subnet, "subnetSize": int(size)},
        name=f"host-firewall-80-{subnet}",
    )


def test_what_follows_from_cloudflares_list_is_drift_and_no_change_of_the_program() -> None:
    found = report.judge(events.read([listed(f"{NEW}, 203.0.113.7/32"), rule(NEW), rule("203.0.113.7/32"), moved()]))
    assert (found.unapplied, found.exit_code) == ([], 2)
    assert [item.repair for item in found.drift] == ["changes their rules at Vultr, runs firewall-apply again"]
    assert repair.obstacle(found) == ""


@pytest.mark.parametrize(
    "change", [rule("192.0.2.0/24"), moved("interpreter"), moved(triggers="repair 1")],
    ids=["another range", "another way to the host", "a command that follows no list"],
)  # fmt: skip
def test_a_change_of_the_program_beside_it_is_told_apart(change: str) -> None:
    found = report.judge(events.read([listed(NEW), rule(NEW), change]))
    assert found.unapplied and repair.obstacle(found)


def test_a_rule_at_vultr_is_named_with_whom_it_lets_in() -> None:
    rule_ = {"port": "80", "subnet": "198.51.100.0", "subnetSize": 24}
    found = report.judge(events.read([step("refresh", RULE, rule_, None), step("create", RULE, None, rule_)]))
    assert [item.sentence for item in found.drift] == ["Vultr's firewall rule for port 80 from 198.51.100.0/24: gone"]


def test_without_a_range_more_or_less_the_same_is_a_change_of_the_program() -> None:
    assert len(report.judge(events.read([rule(NEW), moved()])).unapplied) == 2
