"""When something is told: worse, back again, muted, and what nobody could look at."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from mech_ops.alerts.judging import CALM
from mech_ops.alerts.seen import NOT_SEEN, UNEXPLAINED, Alert, Seen
from mech_ops.diagnosis.mutes import Mute

from ..diagnosis import patches
from ..diagnosis.test_by_hand import Change, answer, both, fact, silent
from .looks import NOW, Watcher, look

LLM_DOWN = answer("llm", "edge", code=522)
CLIENTS = fact("host.redis_info.connected_clients", 9900)
WELL = look(patches.read())


def changed(change: Change, **how: Any) -> Seen:
    bundle = patches.read()
    change(bundle)
    return look(bundle, **how)


def one(severity: Any = "risk", *services: str, code: str = "DISK_FULL") -> Seen:
    return Seen("", "prod", 8, {code: Alert(code, severity, "says", "fix", "", services)})


NONE = Seen("", "prod", 8)


def test_one_look_alone_tells_nothing_and_clears_nothing() -> None:
    watcher = Watcher()
    assert watcher.sees(one(), NONE) == [] and watcher.sees(NONE, one()) == []
    watcher.sees(one())
    assert watcher.sees(NONE, one()) == [] and watcher.sees(one(), NONE) == []
    watcher.sees(NONE)
    assert watcher.kinds() == [("new", "DISK_FULL"), ("cleared", "DISK_FULL")]


def test_worse_is_told_again_and_better_is_not() -> None:
    watcher = Watcher()
    for shown in (
        one("risk"),
        one("degraded", "llm"),
        one("outage", "llm"),
        one("outage", "llm", "queue"),
        one("risk"),
    ):
        watcher.sees(shown)
    hows = [news.how for news in watcher.news]
    assert hows == ["", "it was risk, and is degraded", "it was degraded, and is outage", "queue fails, too"]
    assert (
        watcher.messages[-1].title == "Mech prod: worse DISK_FULL" and "queue fails, too" in watcher.messages[-1].body
    )


def test_what_comes_and_goes_is_told_as_that_and_then_only_when_it_stayed_away() -> None:
    watcher = Watcher()
    for _ in range(60):  # an hour in which it is there every other half minute
        watcher.sees(one())
        watcher.sees(NONE)
    assert [kind for kind, _ in watcher.kinds()] == ["new", "cleared", "again"]
    assert "it comes and goes" in watcher.messages[-1].body
    for _ in range(int(CALM.total_seconds() / 30) + 1):
        watcher.sees(NONE)
    assert [kind for kind, _ in watcher.kinds()] == ["new", "cleared", "again", "cleared"]


def test_what_comes_back_another_day_is_new() -> None:
    watcher = Watcher()
    for shown, after in ((one(), 30), (NONE, 30), (one(), CALM.total_seconds() + 1)):
        watcher.sees(shown, after_s=after)
    assert [kind for kind, _ in watcher.kinds()] == ["new", "cleared", "new"]


def mute(code: str, severity: Any, *failing: str) -> dict[str, Mute]:
    return {code: Mute(code, "eve@laptop", "known", NOW, NOW + dt.timedelta(hours=4), severity, failing)}


def test_what_is_muted_is_not_told_and_what_was_told_stays_as_it_is() -> None:
    ((code, there),) = changed(CLIENTS).there.items()
    muted = changed(CLIENTS, mutes=mute(code, there.severity))
    watcher = Watcher()
    watcher.sees(muted)
    assert watcher.news == []
    for shown in (changed(CLIENTS), muted, muted, WELL):
        watcher.sees(shown)
    assert watcher.kinds() == [("new", code), ("cleared", code)]


def test_a_mute_that_is_outgrown_is_told() -> None:
    code, about = next(iter(changed(LLM_DOWN).there.items()))
    assert about.severity == "outage"
    watcher = Watcher()
    watcher.sees(changed(LLM_DOWN, mutes=mute(code, "degraded", "llm")))
    assert watcher.kinds() == [("new", code)]


def test_what_nobody_could_look_at_is_not_cleared() -> None:
    """Redis is broken, then the host does not answer SSH: of Redis nobody knows."""
    watcher = Watcher()
    watcher.sees(changed(fact("host.redis_info.role", "slave")))
    assert watcher.kinds() == [("new", "REDIS_REPLICA")]
    watcher.sees(changed(silent("host", "ssh: connect: Connection timed out")))
    assert ("cleared", "REDIS_REPLICA") not in watcher.kinds() and ("new", "SSH_TIMED_OUT") in watcher.kinds()
    watcher.sees(WELL)
    assert watcher.kinds()[-2:] == [("cleared", "REDIS_REPLICA"), ("cleared", "SSH_TIMED_OUT")]


def test_who_says_nothing_is_told_unless_a_cause_says_it() -> None:
    zone = changed(silent("zone", "answered 500"))
    assert zone.there[NOT_SEEN].sentence == "zone could not be looked at: answered 500"
    assert NOT_SEEN not in changed(silent("host", "ssh: connect: Connection timed out")).there


def test_a_service_that_fails_without_a_cause_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from mech_ops.diagnosis import ranking

    monkeypatch.setattr(ranking, "TABLE", {})
    found = changed(both(LLM_DOWN, answer("search", "edge", code=503, status="degraded")))
    assert found.there[UNEXPLAINED].severity == "outage" and found.there[UNEXPLAINED].services == ("llm", "search")


def test_what_is_less_bad_than_asked_for_is_not_told() -> None:
    assert changed(CLIENTS).there and changed(CLIENTS, least="outage").there == {}
    assert changed(LLM_DOWN, least="outage").there


def test_while_an_engine_is_at_work_only_what_fails_is_told() -> None:
    def working(*more: Change) -> Seen:
        return changed(both(lambda seen: seen.facts["host"].update(engine=True), *more))

    watcher = Watcher()
    watcher.sees(changed(CLIENTS))
    for shown in (working(), working(CLIENTS, fact("host.redis_info.role", "slave")), working(LLM_DOWN)):
        watcher.sees(shown)
    first, second = watcher.kinds()
    assert (
        first[0] == "new"
        and second[0] == "new"
        and watcher.news[1].alert
        and watcher.news[1].alert.services == ("llm",)
    )
    watcher.sees(WELL)
    assert [kind for kind, _ in watcher.kinds()[2:]] == ["cleared", "cleared"]
