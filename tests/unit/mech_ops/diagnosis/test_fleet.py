"""A fleet's diagnosis: what breaks on one host is named with that host, and what follows from it comes after it."""

from __future__ import annotations

from typing import Any

import pytest

from mech_ops.alerts.seen import seen
from mech_ops.diagnosis import report
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.causes import TABLE
from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.path import path
from mech_ops.diagnosis.ranking import Diagnosis, diagnose

from . import fleets, patches
from .fleets import CASES, Change, drift, node, service, silent


def diagnosed(*changes: Change) -> Diagnosis:
    made = fleets.bundle()
    for change in changes:
        change(made)
    return diagnose(Look(made))


def test_a_fleet_that_is_well_has_no_cause_and_all_causes_were_looked_for() -> None:
    found = diagnosed()
    assert (found.named, found.skipped, found.exit_code) == ([], {}, 0)
    assert found.looked_for == len(TABLE)
    assert report.headline(found) == f"all 8 services are well; nothing is wrong ({len(TABLE)} causes looked for)"


def test_a_host_that_is_alone_is_not_asked_about_a_swarm() -> None:
    alone = diagnose(Look(patches.read()))
    assert alone.looked_for == len([cause for cause in TABLE.values() if cause.layer != "swarm"])
    assert alone.skipped == {} and "members" not in patches.read().text()
    assert "hosts" not in report.data(diagnose(Look(patches.read("ufw-closed-80"))))["causes"][0]


@pytest.mark.parametrize(("code", "change"), CASES.items(), ids=CASES)
def test_it_is_named_first(code: str, change: Change) -> None:
    found = diagnosed(change)
    assert found.named and found.named[0].code == code, [named.code for named in found.named]
    assert found.exit_code == 2 and found.named[0].severity in ("risk", "degraded")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (node("mech-w1", state="down"),
         "the member mech-w1 does not answer the swarm (down): its tasks are started on the others"),
        (node("mech-w2", availability="drain"),
         "the member mech-w2 is on drain, and that is not declared: it takes no tasks"),
        (node("mech-w2", role="manager"), "the member mech-w2 is a manager of the swarm, declared a worker"),
        (service("mech-llms", running=1, error="no suitable node (insufficient resources on 2 nodes)"),
         "of mech-llms 1 of 2 tasks run: no suitable node (insufficient resources on 2 nodes)"),
        (drift("mech-w1", "ufw-rule", "7946/tcp from 10.96.0.0/20", "missing", port="7946", source="10.96.0.0/20"),
         "mech-w1: UFW does not let the other members in at 7946/tcp (who is in the swarm): the rule is missing"),
        (drift("mech-w1", "ufw-rule", "80/tcp", "missing", port="80"), "mech-w1: UFW does not let 80/tcp in: the rule is missing"),
        (drift("mech", "ufw-on", "UFW", "off"), "mech: UFW is off: every port of the host is open to the world"),
        (silent("mech-w1", "Connection timed out"),
         "mech-w1: the host 198.51.100.4 does not answer at 22/tcp: a firewall drops it, or the host is not there"),
    ],
)  # fmt: skip
def test_the_sentence_names_the_host(change: Change, says: str) -> None:
    assert diagnosed(change).named[0].sentence == says


def test_a_worker_that_died_is_one_cause_and_the_rest_follows() -> None:
    def gone(seen: Bundle) -> None:
        seen.members["mech-w1"]["facts"]["vultr"]["attachments"]["instance"] = None

    found = diagnosed(gone, silent("mech-w1", "Connection timed out"), node("mech-w1", state="down"))
    first, *rest = found.named
    assert (first.code, first.hosts, first.severity) == ("INSTANCE_GONE", ("mech-w1",), "degraded")
    assert first.sentence == "mech-w1: the instance i-mech-w1 does not exist at Vultr any more"
    assert {one.code: one.after for one in rest} == {
        "SSH_TIMED_OUT": ("INSTANCE_GONE",), "MEMBER_DOWN": ("INSTANCE_GONE",),
    }  # fmt: skip
    assert report.data(found)["causes"][0]["hosts"] == ["mech-w1"]


def test_what_one_host_has_does_not_follow_from_another_ones() -> None:
    def gone(seen: Bundle) -> None:
        seen.members["mech-w1"]["facts"]["vultr"]["attachments"]["instance"] = None

    found = diagnosed(gone, node("mech-w2", state="down"))
    assert {one.code: one.after for one in found.named} == {"INSTANCE_GONE": (), "MEMBER_DOWN": ()}


def test_a_silent_host_costs_its_own_part_alone() -> None:
    found = diagnosed(silent("mech-w1", "Connection timed out"))
    assert found.silent == {"host mech-w1": "Connection timed out"} and found.exit_code == 2
    assert set(found.skipped) == {"mech-w1: Connection timed out"}
    assert "UFW_OFF" in found.skipped["mech-w1: Connection timed out"]
    assert found.looked_for + len(found.skipped["mech-w1: Connection timed out"]) == len(TABLE)
    assert "TASKS_MISSING" not in found.skipped["mech-w1: Connection timed out"]


def test_who_is_silent_is_told_by_the_alerts_and_is_not_green() -> None:
    found = diagnosed(silent("mech-w1", "python3: not found"))
    assert "HOST_UNREAD" in seen(found, "risk").there and "UFW_OFF" in seen(found, "risk").unsure
    [ssh] = [hop for hop in path(found).beside if hop.key == "ssh"]
    assert ssh.mark != "ok"
    odd = diagnosed(silent("mech-w1", "python3: not found"), lambda one: one.silent.update(zone="HTTP 500"))
    assert seen(odd, "risk").there["NOT_SEEN"].sentence == "zone could not be looked at: HTTP 500"


def test_where_no_manager_can_be_asked_that_is_said() -> None:
    def dark(seen: Bundle) -> None:
        del seen.facts["swarm"], seen.facts["host"]
        seen.silent |= {"host": "Connection timed out", "swarm": "none of its managers can be asked"}

    found = diagnosed(dark)
    assert found.skipped["none of its managers can be asked"] and found.exit_code == 2
    assert "mech: the host 198.51.100.3 does not answer at 22/tcp" in found.named[0].sentence


def test_the_worst_of_all_hosts_is_what_a_service_is_like() -> None:
    def ill(seen: Bundle) -> None:
        answers = seen.members["mech-w2"]["facts"]["host"]["answers"]["llm"]
        answers["containers"]["mech-llms.1.mech-w2"] |= {
            "code": 503,
            "status": "degraded",
            "dependencies": {"openai": "HTTP 500"},
        }
        seen.facts["edge"]["answers"]["llm"] |= {"code": 503, "status": "degraded"}

    found = diagnosed(ill)
    assert found.failing == {"llm": "degraded"} and found.look.views["llm"].container.state == "degraded"
    assert [named.code for named in found.named] == ["VENDOR_FAILS"]
    assert found.look.of_container("mech-llms.1.mech-w2") == ("llm",)


def test_a_database_that_one_hosts_tasks_do_not_reach_is_told_of_that_host() -> None:
    def unreached(seen: Bundle) -> None:
        paths: dict[str, Any] = seen.members["mech-w1"]["facts"]["host"]["paths"]["containers"]
        paths["mech-search.1.mech-w1"]["mongodb:27017"] = "timed out"

    [named] = diagnosed(unreached).named
    assert named.sentence.startswith("mech-w1: the container mech-search.1.mech-w1 does not reach mongodb:27017")


def test_a_record_that_one_host_lacks_is_told_by_its_name() -> None:
    def lost(seen: Bundle) -> None:
        records = seen.facts["zone"]["records"]
        records[:] = [r for r in records if (r["name"], r["content"]) != ("llm.mech.is", "198.51.100.4")]

    [named] = diagnosed(lost).named
    assert (named.code, named.sentence, named.severity) == (
        "RECORD_MISSING", "the record llm.mech.is of mech-w1 is missing", "degraded",
    )  # fmt: skip


@pytest.mark.parametrize(
    "cause", [cause for cause in TABLE.values() if cause.layer == "swarm"], ids=lambda one: one.code
)
def test_it_reads_no_more_than_it_says(cause: Any) -> None:
    for change in CASES.values():
        seen = fleets.bundle()
        change(seen)
        for look in (Look(seen), *Look(seen).hosts) if cause.by_host else (Look(seen),):
            list(cause.find(look))
            assert look.read <= set(cause.reads)


def test_a_bundle_of_a_fleet_can_be_kept(tmp_path: Any) -> None:
    from mech_ops.diagnosis import bundle

    seen = fleets.bundle()
    seen.write(tmp_path / "seen.json")
    assert bundle.read(tmp_path / "seen.json") == seen
