"""What each scenario and each outage showed: told once, under the right code, and cleared once; of a platform that is well, nothing."""

from __future__ import annotations

import random

import pytest

from mech_ops.alerts.message import page
from mech_ops.diagnosis.causes import TABLE
from mech_ops.diagnosis.causes.model import Severity

from ..diagnosis import patches
from ..diagnosis.test_bundles import CAUSES, NAMES, NOTICES
from .looks import Watcher, look

WELL = look(patches.read())


def least(name: str) -> Severity:
    """A notice is told only to who asks for it."""
    return "notice" if {*CAUSES[name]} & NOTICES else "risk"


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_is_told_once_and_cleared_once(name: str) -> None:
    watcher, broken = Watcher(), look(patches.read(name), least(name))
    for shown in (WELL, broken, broken, broken, WELL, WELL):
        watcher.sees(shown)
    said, cleared = watcher.messages
    # The headline has the true cause, as `mech diagnose` has it first (a reboot before it may be another one's).
    code = said.title.removeprefix("Mech sandbox: ").split(" (and")[0].split(" ")[-1]
    assert code in CAUSES[name] or code == "HOST_REBOOTED"
    told = [one for one in watcher.news if one.kind == "new"]
    assert {one.code for one in told} & {*CAUSES[name]}
    for one in told[:5]:
        assert one.alert
        for part in (one.code, one.alert.sentence, f"fix: {one.alert.fix}", page(one.code)):
            assert part in said.body
        assert all(service in said.body for service in one.alert.services)
    assert cleared.kind == "success" and [code for code in broken.there if code not in cleared.body] == []
    assert watcher.memory.open == {}


def test_every_scenario_that_is_a_failure_is_told_as_it_comes() -> None:
    """Without asking for notices: only those that nobody has to do anything about are not told."""
    silent = {name for name in NAMES if not look(patches.read(name)).there}
    assert {code for name in silent for code in CAUSES[name]} <= NOTICES


def test_a_quiet_hour_has_no_word() -> None:
    """Each look has other times and loads; 120 of them are an hour of one every 30 s."""
    luck, watcher = random.Random(7), Watcher()
    for _ in range(120):
        bundle = patches.read()
        machine = bundle.facts["host"]["machine"]
        machine["load"] = [round(luck.uniform(0, 2), 2) for _ in machine["load"]]
        for answer in bundle.facts["edge"]["answers"].values():
            answer["ms"] = luck.randrange(5, 2000)
        watcher.sees(look(bundle))
    assert watcher.messages == [] and watcher.memory.open == {}


def test_a_page_that_is_named_is_there() -> None:
    assert page("UFW_PORT_CLOSED") == "docs/causes.md#ufw_port_closed"
    assert "NOT_SEEN" not in TABLE and "UNEXPLAINED" not in TABLE
