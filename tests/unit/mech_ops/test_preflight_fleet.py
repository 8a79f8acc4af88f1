"""What a fleet needs of Vultr beside a single host: plans, room, a private network."""

from __future__ import annotations

from typing import Any

import pytest

from mech_ops.preflight.checks import run
from mech_ops.preflight.vultr import Vultr

from .test_preflight_clouds import VULTR, Answers, client, platform, tokens, vultr

assert tokens  # a fixture

FLEET: Answers = {
    "/instances": {"instances": [{"label": "mech"}, {"label": "mech-w1"}]},
    "/vpcs": {"vpcs": [{"region": "ewr", "description": "other"}]},
    "/plans": {
        "plans": [*VULTR["/plans"]["plans"], {"id": "vc2-2c-4gb", "vcpu_count": 2, "ram": 4096, "monthly_cost": 20}]
    },
    "/regions/ewr/availability": {"available_plans": ["vc2-4c-8gb", "vc2-2c-4gb"]},
}


def fleet(answers: Answers, **about: Any) -> dict[str, str]:
    """What is said of the hosts beside the first one, whose stack is there."""
    configured = platform(fleet={"workers": 2, "workerPlan": "vc2-2c-4gb", **about})
    rows = run([Vultr(client(VULTR | FLEET | answers), configured.host, True, configured.members()).subject()])
    return {row.what: f"{row.state}: {row.said}" for row in rows[7:]}


def test_the_hosts_of_a_fleet_need_plans_room_and_a_network() -> None:
    assert fleet({}) == {
        "plan vc2-2c-4gb of mech-w1, mech-w2": "ok: 2 CPUs, 4096 MB, 20 USD a month each",
        "room for 2 more in ewr": "ok: 1 × vc2-2c-4gb can be ordered; your account has 2 instances, and Vultr does not say how many it "
        "may have: my.vultr.com (Account, Limits)",
        "private network in ewr": "ok: 1 of 5 are used",
    }
    there = {"/instances": {"instances": [{"label": f"mech{mark}"} for mark in ("", "-w1", "-w2")]}}
    assert "ok: not needed: all are there" in fleet(there).values()
    assert (
        "ok: there already" in fleet({"/vpcs": {"vpcs": [{"region": "ewr", "description": "mech-private"}]}}).values()
    )


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"/plans": VULTR["/plans"]}, "wrong: mech:fleet.workerPlan vc2-2c-4gb does not exist at Vultr"),
        ({"/regions/ewr/availability": VULTR["/regions/ewr/availability"]},
         "wrong: vc2-2c-4gb is sold out or not offered in ewr, and mech-w2 is to have it; set mech:fleet.workerPlan to"),
        ({"/vpcs": {"vpcs": [{"region": "ewr", "description": str(n)} for n in range(5)]}},
         "wrong: Vultr has 5 private networks a region, and ewr has 5 of yours"),
        ({"/instances": (403, {})}, "not looked at: Vultr does not list its instances (403"),
    ],
)  # fmt: skip
def test_what_a_fleet_lacks_is_said(answers: Answers, says: str) -> None:
    assert next(said for said in fleet(answers).values() if not said.startswith("ok")).startswith(says)


def test_a_host_that_is_alone_is_not_asked_for_a_fleet() -> None:
    assert len(vultr({})) == 7
