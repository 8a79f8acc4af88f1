"""Each item: well where all is well, wrong where its one thing is, skipped where nobody could look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mech_ops.checklist import report
from mech_ops.checklist.items.daily import SECURITY
from mech_ops.checklist.model import ITEMS, LISTS
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.causes import TABLE

from . import looks

ASKED = {"backup", "documentation", "recovery"}
CHECKED = [key for key in ITEMS if key not in ASKED]
Change = Callable[[dict[str, Any]], Any]  # of the host's facts


def test_the_guides_lists_are_whole() -> None:
    assert {which: [one.key for one in report.of(which)] for which in LISTS} == {
        "daily": ["services", "logs", "resources", "security"],
        "weekly": ["certificates", "rotation", "backup", "performance"],
        "monthly": ["updates", "documentation", "recovery", "capacity"],
    }
    assert {key for key, one in ITEMS.items() if one.asks} == ASKED


def test_the_alerts_are_causes_of_the_table() -> None:
    assert set(TABLE) >= SECURITY


@pytest.mark.parametrize("key", CHECKED)
def test_all_well_is_ok_and_shows_numbers(key: str) -> None:
    found = looks.item(key, looks.read())
    assert found.state == "ok", found
    assert any(sign.isdigit() for sign in found.says) or found.evidence


@pytest.mark.parametrize("key", sorted(ASKED))
def test_what_only_a_person_knows_is_asked_and_never_ok(key: str) -> None:
    assert looks.item(key, looks.read()).state == "ask"


NOW = 1_795_700_000.0
SAVED = {
    "now": NOW,
    "since": NOW - 9e6,
    "good": {"at": NOW - 7200},
    "failure": {},
    "proof": {},
    "proved": {"at": NOW - 36_000},
}
WHY = {"what": "proof", "code": "DAMAGED", "says": "the repository is damaged"}


@pytest.mark.parametrize(
    ("change", "state", "says"),
    [
        ({}, "ok", "proved by restoring it is of 10 h ago"),
        ({"failure": WHY}, "wrong", "the last proof failed: the repository is damaged"),
        ({"proved": {"at": NOW - 5 * 86400}}, "wrong", "for 5 days"),
        ({"proved": {}, "since": NOW - 3600}, "wrong", "not one was proved yet"),
    ],
)
def test_backups_that_are_declared_are_looked_at_and_nobody_is_asked(
    change: dict[str, Any], state: str, says: str
) -> None:
    seen = looks.read()
    seen.facts["host"]["backups"] = {**SAVED, **change}
    found = looks.item("backup", seen)
    assert (found.state, says in found.says) == (state, True), found


BROKEN: list[tuple[str, str, Change, str]] = [
    ("logs", "a container", lambda host: host["inspected"]["mech-llms"]["said"].append("FATAL out of tokens"), "1 critical line in the log of mech-llms"),
    ("logs", "nginx", lambda host: host["web_day"]["errors"].extend(["[crit] a", "[emerg] b"]), "2 critical lines in nginx' logs"),
    ("logs", "the journal", lambda host: host["critical"].append("2026-11-27 mech kernel: broken"), "1 critical line in the journal"),
    ("logs", "the kernel", lambda host: host["machine"]["oom"].append("2026-11-27 mech kernel: oom-kill:"), "want of memory"),
    ("resources", "memory", lambda host: host["machine"]["memory"].update(total=100, available=4), "memory: 96 %"),
    ("resources", "load", lambda host: host["machine"].update(load=[9.0, 8.0, 1.0]), "load: 100 % (8 of 8)"),
    ("resources", "disk", lambda host: host["space"][0].update(used=95, free=5), "disk /: 95 %"),
    ("resources", "inodes", lambda host: host["space"][0].update(inodes_used=95, inodes_free=5), "inodes /: 95 %"),
    ("resources", "redis", lambda host: host["redis_info"].update(used_memory=95, maxmemory=100), "Redis' memory: 95 %"),
    ("resources", "conntrack", lambda host: host["filters"].update(conntrack=[91, 100]), "connections of the kernel: 91 % (91 of 100)"),
    ("resources", "container", lambda host: host["usage"].update({"mech-llms": {"used": 99, "limit": 100}}), "container mech-llms: 99 %"),
    ("certificates", "origin", lambda host: host["certificate"].update(end="Dec  5 00:00:00 2026 GMT"), "8 days left"),
    ("rotation", "a container", lambda host: host["inspected"]["mech-llms"]["log"].update(options={}), "the log of the container mech-llms has no limit"),
    ("rotation", "timer", lambda host: host["rotation"].update(timer="inactive"), "logrotate.timer is inactive"),
    ("rotation", "late", lambda host: (host["rotation"].update(ran_s=3 * 86400), host["machine"].update(uptime_s=9e6)), "logrotate has not run for two days"),
    ("rotation", "never", lambda host: (host["rotation"].update(ran_s=None), host["machine"].update(uptime_s=9e6)), "logrotate has never run"),
    ("performance", "5xx", lambda host: host["web_day"]["codes"]["llm"].update({"502": 100}), "llm: 2.00 % of the last 5102 answers"),
    ("performance", "slow", lambda host: host["answers"]["llm"]["nginx"].update(ms=4000), "llm takes 4000 ms at the nginx"),
    ("updates", "security", lambda host: host["updates"]["security"].append(["openssl", "3.0.19", "3.0.22"]), "1 security updates are not applied"),
    ("updates", "old lists", lambda host: host["updates"].update(lists_s=20 * 86400), "20 days old"),
    ("updates", "reboot", lambda host: host["machine"].update(reboot_required=True), "waits for a reboot"),
    ("capacity", "nearly full", lambda host: host["space"][0].update(used=85, free=15), "disk /: 85 %"),
    ("capacity", "too much promised", lambda host: host["machine"]["memory"].update(total=4 << 30, available=3 << 30), "memory that containers may take"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "what", "change", "says"), BROKEN, ids=[f"{key} {what}" for key, what, *_ in BROKEN])
def test_one_thing_that_is_wrong(key: str, what: str, change: Change, says: str) -> None:
    seen = looks.read()
    change(seen.facts["host"])
    found = looks.item(key, seen)
    assert found.state == "wrong" and says in found.says, found


@pytest.mark.parametrize(
    ("key", "failure", "says"),
    [
        ("services", "slow-upstream-504", "llm is down"),
        ("security", "ufw-off", "UFW is off"),
        ("security", "redis-made-by-hand", "redis was made by hand"),
        ("certificates", "certificate-wrong-name", "the origin's certificate is for"),
        ("rotation", "logs-rotation-gone", "grow without end"),
        ("rotation", "logs-unbounded-container", "mech-"),
    ],
)
def test_what_scenarios_showed_is_wrong_too(key: str, failure: str, says: str) -> None:
    found = looks.item(key, looks.read(failure))
    assert found.state == "wrong" and says in found.says, found
    assert found.do or ITEMS[key].do


def test_the_edges_certificate_is_looked_at_by_itself() -> None:
    seen = looks.read()
    there = seen.facts["tls"]["certificates"]
    there["llm.mech.is"] = {"end": "2026-11-30T00:00:00+00:00"}
    assert looks.item("certificates", seen).says == "edge, llm.mech.is: 3 days left, until 2026-11-30"
    there["llm.mech.is"] = {"error": "certificate has expired"}
    assert looks.item("certificates", seen).state == "wrong"
    there["llm.mech.is"] = {"error": "no answer within 8 s", "silent": True}
    assert looks.item("certificates", seen).state == "skipped"


def test_notices_are_told_and_are_no_alert() -> None:
    seen = looks.read()
    seen.facts["host"]["web_logs"]["loud"] = [["203.0.113.9", 404, 50]]
    found = looks.item("security", seen)
    assert found.state == "ok" and "CLIENT_PROBES" in found.evidence[0]


def test_errors_that_are_not_critical_are_counted() -> None:
    seen = looks.read()
    seen.facts["host"]["web_day"]["errors"] = ["[error] upstream", "[error] the last"]
    found = looks.item("logs", seen)
    assert found.state == "ok"
    assert "nginx, in a day at most: 2 errors that are not critical; the last: [error] the last" in found.evidence


def test_logrotate_is_not_due_on_a_new_host() -> None:
    seen = looks.read()
    seen.facts["host"]["rotation"]["ran_s"] = None
    seen.facts["host"]["machine"]["uptime_s"] = 3600
    found = looks.item("rotation", seen)
    assert found.state == "ok" and "not due yet" in found.says


def test_no_package_lists_means_that_nobody_knows() -> None:
    seen = looks.read()
    seen.facts["host"]["updates"]["lists_s"] = None
    found = looks.item("updates", seen)
    assert found.state == "skipped" and "apt-get update" in found.says


def silent() -> Bundle:
    seen = looks.read()
    del seen.facts["host"]
    seen.silent["host"] = "Connection timed out"
    return seen


@pytest.mark.parametrize("key", [key for key in CHECKED if key not in ("services", "security")])
def test_of_a_silent_host_nothing_passes(key: str) -> None:
    found = looks.item(key, silent())
    assert found.state == "skipped" and found.says.startswith("because") and "Connection timed out" in found.says


def test_what_visitors_get_needs_no_host_and_security_does() -> None:
    assert looks.item("services", silent()).state == "ok"
    assert looks.item("security", silent()).state == "skipped"


def test_services_that_nobody_could_ask_are_not_ok() -> None:
    seen = looks.read()
    seen.facts["edge"]["answers"] = {}
    assert looks.item("services", seen).state == "skipped"


@pytest.mark.parametrize("fact", ["usage", "updates", "rotation", "web_day", "critical"])
def test_a_bundle_of_a_diagnosis_alone_has_no_such_fact(fact: str) -> None:
    seen = looks.read()
    del seen.facts["host"][fact]
    states = {key: looks.item(key, seen) for key in CHECKED}
    short = {key: one.says for key, one in states.items() if one.state != "ok"}
    assert short and all(f"host.{fact} could not be read" in says for says in short.values())


def test_odd_facts_skip_their_item_and_no_other() -> None:
    seen = looks.read()
    seen.facts["host"]["updates"] = ["odd"]
    assert "were not understood" in looks.item("updates", seen).says
    assert looks.item("capacity", seen).state == "ok"


@pytest.mark.parametrize("odd", [{"redis": {"used": "9", "limit": "10"}}, {"redis": {}}, ["redis"], {"redis": 7}])
def test_odd_numbers_of_one_reader_take_no_other_with_them(odd: Any) -> None:
    seen = looks.read()
    seen.facts["host"]["usage"] = odd
    about = looks.through("daily", seen)
    assert {row.item.key: row.checked.state for row in about.rows}["resources"] == "skipped"
    assert "memory" in about.run.numbers and "container redis" not in about.run.numbers
