"""What is healed and what is left alone, as a function of the facts."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mech_infra.commands.volume import DATA
from mech_infra.heal.deciding import condition, plan
from mech_infra.heal.words import Plan

from .host import CONTAINERS, NAMES, NOW, ORDER, Host, Json, ill


def planned(host: Host, past: list[Json] | None = None, now: float = NOW, order: Json = ORDER) -> Plan:
    before = copy.deepcopy(host.facts)
    found = plan(host.facts, order, past or [], now)
    assert host.facts == before
    return found


def steps(found: Plan) -> list[tuple[str, str]]:
    return [(step.did, step.what) for step in found.steps]


def left(found: Plan) -> dict[str, str]:
    return {one.what: one.code for one in found.left}


def test_nothing_is_done_where_all_are_well() -> None:
    assert planned(Host()) == Plan()


@pytest.mark.parametrize(
    ("breaks", "did"),
    [
        (lambda h: h.unhealthy("mech-llms"), ["restart"]),
        (lambda h: h.is_("mech-llms", "exited", exit=137, oom=True), ["restart"]),
        (lambda h: h.is_("mech-llms", "dead"), ["restart"]),
        (lambda h: h.is_("mech-llms", "created"), ["restart"]),
        (lambda h: h.is_("mech-llms", "paused"), ["unpause"]),
        (lambda h: h.is_("mech-llms", "running", networks=[]), ["reconnect"]),
        # Docker would start it where nobody finds it.
        (lambda h: h.is_("mech-llms", "exited", networks=[]), ["reconnect", "restart"]),
        (lambda h: h.unhealthy("mech-llms", ill(mongodb="could not connect to mongodb")), ["restart"]),
    ],
)
def test_what_is_ill_is_put_right_and_nothing_else(breaks: Callable[[Host], Host], did: list[str]) -> None:
    found = planned(breaks(Host()))
    assert steps(found) == [(one, "mech-llms") for one in did]
    assert found.left == ()
    assert {step.id for step in found.steps} == {"idmechllms"}


def test_the_databases_come_first_then_the_critical_ones_and_a_database_has_a_minute_to_end() -> None:
    host = Host()
    for name in NAMES:
        host.is_(name, "exited")
    found = planned(host)
    assert steps(found) == [("restart", "mongodb"), ("restart", "redis")]
    assert {step.grace_s for step in found.steps} == {60}
    for name in ("redis", "mongodb"):
        host.is_(name, "running", health="healthy")
    found = planned(host)
    # reader calls storage, and sequences the queue: those first.
    assert [what for _, what in steps(found)][:3] == ["mech-queue", "mech-llms", "mech-storage"]
    assert left(found) == {"mech-reader": "callee-down", "mech-sequences": "callee-down"}
    assert {step.grace_s for step in found.steps} == {30}


ELSEWHERE: dict[str, tuple[Callable[[Host], object], str, str]] = {
    "its database is down, and nobody may start it": (
        lambda h: h.is_("mongodb", "restarting").unhealthy("mech-search"), "mech-search", "database-down",
    ),
    "its database just came": (
        lambda h: h.is_("mongodb", "running", started="2026-11-27T11:59:30.1Z").unhealthy("mech-search"), "mech-search", "database-young",
    ),
    "its database is on its way": (
        lambda h: h.is_("mongodb", "running", health="starting").unhealthy("mech-search"), "mech-search", "database-down",
    ),
    "redis is full": (
        lambda h: (h.facts["redis_info"].update(used_memory=100), h.unhealthy("mech-queue")), "mech-queue", "database-full",
    ),
    "its database takes no writes": (
        lambda h: h.unhealthy("mech-queue", ill(redis="MISCONF Redis is configured to save RDB snapshots")), "mech-queue", "database-full",
    ),
    "a wrong password": (
        lambda h: h.unhealthy("mech-queue", ill(redis="WRONGPASS invalid username-password pair")), "mech-queue", "password",
    ),
    "the data volume is full": (lambda h: h.full(99, DATA).unhealthy("mech-search"), "mech-search", "data-full"),
    "the data volume is away": (
        lambda h: (h.facts.update(mounts=[["/dev/vda1", "/"]]), h.is_("redis", "exited")), "redis", "data-unmounted",
    ),
    "redis reads its data": (
        lambda h: (h.facts["redis_info"].update(loading=1), h.is_("redis", "running", health="unhealthy")), "redis", "loading",
    ),
    "a vendor refuses the key": (
        lambda h: h.unhealthy("mech-llms", ill(openai="Invalid API key provided: sk-pro*****1234")), "mech-llms", "vendor",
    ),
    "the network is missing": (
        lambda h: (h.facts["docker"].update(networks=[]), h.is_("mech-llms", "exited")), "mech-llms", "network-missing",
    ),
    "the network was made by hand": (
        lambda h: (h.facts["docker"]["networks"][0].update(labels={}), h.is_("mech-llms", "running", networks=[])), "mech-llms", "network-foreign",
    ),
    "the memory is gone": (
        lambda h: (h.facts["ram"].update(available=100 << 20), h.unhealthy("mech-llms")), "mech-llms", "memory-gone",
    ),
    "whom it calls is ill": (
        lambda h: h.unhealthy("mech-storage", ill(r2="Access Denied")).unhealthy("mech-reader"), "mech-reader", "callee-down",
    ),
    "it is not there": (lambda h: h.facts["docker"]["containers"].remove(h.listed("mech-llms")), "mech-llms", "missing"),
    "it was made by hand": (lambda h: (h.is_("mech-llms", "exited"), h.listed("mech-llms").update(labels={})), "mech-llms", "foreign"),
    "it crashes over and over": (lambda h: h.is_("mech-llms", "restarting", restarts=9), "mech-llms", "crashes"),
    "an engine is at work": (
        lambda h: (h.facts["rollouts"].update(working=True), h.is_("mech-llms", "exited")), "mech-llms", "rollout",
    ),
    "another version stands beside it": (lambda h: h.other("mech-llms", "running").unhealthy("mech-llms"), "mech-llms", "rollout"),
    "nginx passes to the other slot": (
        lambda h: (h.facts["rollouts"].update(green=["llm"]), h.unhealthy("mech-llms")), "mech-llms", "rollout",
    ),
    "its version was not watched to the end": (
        lambda h: (h.facts["rollouts"]["good"].update(llm="v0"), h.unhealthy("mech-llms")), "mech-llms", "rollout",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ELSEWHERE)
def test_where_the_cause_is_elsewhere_it_is_said_and_nothing_is_done(case: str) -> None:
    breaks, what, code = ELSEWHERE[case]
    host = Host()
    breaks(host)
    found = planned(host)
    assert left(found)[what] == code
    assert what not in [one for _, one in steps(found)]
    assert all(one.why and one.then for one in found.left)
    assert "sk-pro" not in repr(found), "a vendor's words may have half a key"


def test_its_database_is_healed_first_and_it_waits_for_that() -> None:
    found = planned(Host().is_("mongodb", "exited").unhealthy("mech-search").is_("mech-memories", "exited"))
    assert steps(found) == [("restart", "mongodb")]
    assert {one.what: one.soon for one in found.left} == {"mech-search": True, "mech-memories": False}


def test_a_version_that_was_refused_and_stopped_is_no_rollout_and_is_not_touched() -> None:
    found = planned(Host().other("mech-llms", "exited").unhealthy("mech-llms"))
    assert [(step.what, step.id) for step in found.steps] == [("mech-llms", "idmechllms")]


def test_who_answers_well_again_is_left_to_dockers_next_look() -> None:
    host = Host().is_("mech-llms", "running", health="unhealthy")
    assert condition({"name": "mech-llms", "service": "llm"}, host.facts, ORDER) == "starting"
    assert planned(host) == Plan()


@pytest.mark.parametrize("fact", ["docker", "inspected", "rollouts", "answers"])
def test_nothing_is_done_by_what_could_not_be_read(fact: str) -> None:
    host = Host().is_("mech-llms", "exited")
    host.facts[fact] = None
    found = planned(host)
    assert found.steps == () and len(found.left) == 1


def test_a_full_disk_is_emptied_of_our_logs_and_of_images_before_anything_else() -> None:
    host = Host().full(99).is_("mech-llms", "exited")
    logs = "/var/lib/docker/containers"
    host.facts["logs"] = [
        {"path": path, "bytes": 2 * 10**9}
        for path in (f"{logs}/idmechllms/idmechllms-json.log", f"{logs}/stranger/stranger-json.log", "/var/log/syslog")
    ]
    found = planned(host)
    assert steps(found) == [("cut-log", "mech-llms"), ("remove-images", "disk")]
    # Nothing was won by it: no container is started on a full disk, and the same is not tried at once.
    past = [{"run": "1", "did": did, "what": what, "at": NOW, "outcome": "begun"} for did, what in steps(found)]
    found = planned(host, past)
    assert found.steps == () and left(found) == {"disk": "disk-full", "mech-llms": "disk-full"}
    # With room again, that its log was cut is no try on the container.
    assert steps(planned(host.full(50), past)) == [("restart", "mech-llms")]


def test_a_disk_that_is_only_short_keeps_nobody_from_being_healed() -> None:
    past = [{"run": "1", "did": "remove-images", "what": "disk", "at": NOW, "outcome": "begun"}]
    found = planned(Host().full(92).is_("mech-llms", "exited"), past)
    assert steps(found) == [("restart", "mech-llms")] and left(found) == {"disk": "disk-full"}


def test_the_datas_disk_is_not_emptied() -> None:
    assert steps(planned(Host().full(100, DATA))) == []


def test_nginx_that_does_not_pass_is_said() -> None:
    host = Host()
    host.facts["answers"]["llm"]["nginx"] = {**ill(), "code": 502}
    found = planned(host)
    assert (steps(found), left(found)) == ([], {"nginx": "nginx"})


def test_a_back_off_doubles_and_ends_at_the_limit_whoever_asks_and_however_often() -> None:
    """A container that never gets well, looked at every ten seconds for five hours."""
    host, past, tries = Host().unhealthy("mech-llms"), list[Json](), list[float]()
    for second in range(0, 18_000, 10):
        found = plan(host.facts, ORDER, past, NOW + second)
        if found.steps:
            tries.append(second)
            past.append(
                {"run": str(second), "did": "restart", "what": "mech-llms", "at": NOW + second, "outcome": "begun"}
            )
        else:
            assert left(found)["mech-llms"] in ("waits", "limit")
    assert [b - a for a, b in itertools.pairwise(tries)][:4] == [60, 120, 240, 3180]
    assert max(sum(at <= one < at + 3600 for one in tries) for at in tries) == 4


def test_all_together_have_a_limit_too() -> None:
    order = copy.deepcopy(ORDER)
    order["limits"]["per_hour"] = 3
    host = Host()
    for name in NAMES:
        if CONTAINERS[name] not in ("", "sequences", "reader"):
            host.unhealthy(name)
    found = planned(host, order=order)
    assert [what for _, what in steps(found)] == ["mech-queue", "mech-llms", "mech-storage"]
    assert set(left(found).values()) == {"limit"}


STATES = ["running", "exited", "paused", "dead", "created", "restarting", "removing"]
HEALTH = ["healthy", "unhealthy", "starting", ""]


@settings(max_examples=300, deadline=None)
@given(
    states=st.lists(st.sampled_from(STATES), min_size=10, max_size=10),
    health=st.lists(st.sampled_from(HEALTH), min_size=10, max_size=10),
    away=st.sets(st.sampled_from(NAMES)),
    hands=st.sets(st.sampled_from(NAMES)),
    beside=st.sets(st.sampled_from([name for name in NAMES if CONTAINERS[name]])),
    percent=st.integers(1, 100),
    working=st.booleans(),
    tried=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 7200)), max_size=20),
)
def test_whatever_is_broken_nobody_is_touched_who_must_not_be(
    states: list[str], health: list[str], away: set[str], hands: set[str], beside: set[str], percent: int, working: bool,
    tried: list[tuple[str, int]],
) -> None:  # fmt: skip
    host = Host().full(percent)
    for name, state, how in zip(NAMES, states, health, strict=True):
        host.is_(name, state, health=how, networks=[] if name in away else ["mech-network"])
    for name in beside:
        host.other(name, "running")
    for name in hands:
        host.listed(name)["labels"].pop("mech.managed")
    past = [
        {"run": str(n), "did": "restart", "what": name, "at": NOW - age, "outcome": "begun"}
        for n, (name, age) in enumerate(tried)
    ]
    host.facts["rollouts"]["working"] = working
    found = planned(host, past)
    assert not (working and found.steps)
    recent = [name for name, age in tried if age < 3600]
    for step in found.steps:
        if step.did in ("cut-log", "remove-images"):
            assert percent >= 90
            continue
        about = host.facts["inspected"][step.what]
        assert about["state"] != "running" or about["health"] == "unhealthy" or step.did == "reconnect"
        assert step.did != "reconnect" or step.what in away
        assert step.what in NAMES and step.what not in hands | beside
        assert recent.count(step.what) < 4 and len(recent) < 12
    # Who is ill is healed or named, never passed over.
    ended = {step.what for step in found.steps} | {one.what for one in found.left}
    for name, state, how in zip(NAMES, states, health, strict=True):
        well = state == "running" and name not in away and (how != "unhealthy" or CONTAINERS[name])
        assert well or name in ended or "disk" in ended
