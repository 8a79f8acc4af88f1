"""`mech rollback`: which version to go back to, what of the config brings it back, and how the engine is told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mech_ops import pulumi
from mech_ops.errors import OpsError
from mech_ops.versions import going_back

from .updates import IMAGE, Json, back, changes, config, past, search

# -- which one to go back to -----------------------------------------------------------------------------------------


def test_after_an_update_that_went_well_it_is_the_one_before() -> None:
    plan = back(past(search(), search(version="1.0.1")), search(version="1.0.1"))
    assert (plan.to.number, plan.serves, changes(plan)) == (1, False, {"mech:services": None})


def test_after_one_that_failed_it_is_the_one_that_serves() -> None:
    found = past(search(version="1.0.0"), search(version="1.0.1"), (search(version="bad"), "failed"))
    plan = back(found, search(version="bad"))
    assert (plan.to.number, plan.serves, changes(plan)) == (2, True, {".version": "1.0.1"})


def test_after_one_that_failed_and_whose_config_was_put_back_it_is_the_one_before() -> None:
    found = past(search(), search(version="1.0.1"), (search(version="bad"), "failed"))
    assert back(found, search(version="1.0.1")).to.number == 1


def test_a_config_that_the_program_refuses_is_put_back_to_what_serves() -> None:
    found = past(search(), search(memoryMb=600), (search(memoryMb="lots"), "failed"))
    plan = back(found, search(memoryMb="lots"))
    assert (plan.to.number, changes(plan)) == (2, {".memoryMb": 600})


def test_an_edit_that_nobody_applied_does_not_keep_it_from_the_version_before() -> None:
    found = past(search(), search(version="1.0.1"))
    plan = back(found, search(version="1.0.1", cpus=2))
    assert (plan.to.number, changes(plan)) == (1, {"mech:services": None})


def test_back_again_goes_further_back_and_never_to_what_was_left() -> None:
    a, b, c = search(version="a"), search(version="b"), search(version="c")
    assert back(past(a, b, c, b), b).to.definition.tag == "a"
    with pytest.raises(OpsError, match=r"nothing served before version 3 \(a\) of search.*--to N"):
        back(past(a, b, a), a)
    assert back(past(a, b, a, c), c).to.definition.tag == "a"


def test_nothing_before_it_is_one_sentence() -> None:
    with pytest.raises(OpsError, match=r"^nothing served before version 1 \(1.0.0\) of search, so [^.]*$"):
        back(past(search()), search())
    with pytest.raises(OpsError, match="no version of search ever served"):
        back(past((search(), "failed")), search())


def test_a_number_chooses_one_that_served() -> None:
    found = past(search(), search(version="1.0.1"), (search(version="bad"), "failed"), search(version="1.0.2"))
    assert changes(back(found, search(version="1.0.2"), to=2)) == {".version": "1.0.1"}
    with pytest.raises(OpsError, match=r"version 3 \(bad\) of search failed and never served"):
        back(found, search(), to=3)
    with pytest.raises(OpsError, match="search has no version 7"):
        back(found, search(), to=7)


@pytest.mark.parametrize(
    ("name", "says"), [("redis", "only forward"), ("mongodb", "only forward"), ("lmm", "queue, llm")]
)
def test_what_has_no_versions_is_refused_before_anything_is_asked(name: str, says: str) -> None:
    for ask in (lambda: going_back.look(None, name), lambda: going_back.plan(None, name, None)):
        with pytest.raises(OpsError, match=says):
            ask()


# -- what of the config brings it back -------------------------------------------------------------------------------


def test_only_what_makes_the_version_is_changed() -> None:
    now = config(
        {"search": {"version": "1.0.1", "replicas": 3, "environment": {"A": "2", "KEEP": "x"}}, "llm": {"cpus": 2}}
    )
    before = config({"search": {"memoryMb": 600, "cpus": 0.7, "environment": {"A": "1", "B.c": "7", "KEEP": "x"}}})
    plan = back(past(before, now), now)
    assert changes(plan) == {
        ".version": None, ".memoryMb": 600, ".cpus": 0.7, ".environment.A": "1", '.environment["B.c"]': "7",
    }  # fmt: skip
    assert plan.also == ()


def test_a_shared_version_is_pinned_for_the_service_alone() -> None:
    now = config(images={"version": "1.0.1"})
    plan = back(past(config(), now), now)
    assert changes(plan) == {".version": "1.0.0"}
    assert plan.pinned == "mech:services.search.version"
    assert "mech:services.search.version holds it there" in going_back.Times(9.0, 40.0).words(plan)


def test_another_registry_is_pinned_as_a_whole_image() -> None:
    now = config(images={"registry": "ghcr.io/other"})
    assert changes(back(past(search(version="2"), now), now)) == {".image": f"{IMAGE}:2"}


def test_an_image_of_its_own_is_left_for_the_shared_one() -> None:
    now = search(image="docker.io/else:9")
    assert changes(back(past(search(version="1.0.1"), now), now)) == {".image": None, ".version": "1.0.1"}


def test_a_setting_that_says_what_is_so_anyway_stays() -> None:
    now = search(version="1.0.1", memoryMb=512)
    assert changes(back(past(search(version="1.0.0"), now), now)) == {".version": "1.0.0"}


def test_objects_left_empty_go_too() -> None:
    alone, beside = search(environment={"A": "1"}), config({"search": {"environment": {"A": "1"}}, "llm": {"cpus": 2}})
    assert [c.key for c in back(past(config(), alone), alone).changes] == ["mech:services"]
    assert [c.key for c in back(past(config(), beside), beside).changes] == ["mech:services.search"]
    more = search(environment={"A": "1"}, replicas=2)
    assert changes(back(past(config(), more), more)) == {".environment": None}


def test_the_last_variable_takes_the_object_with_it_and_the_first_brings_it() -> None:
    with_it, without = search(replicas=2, environment={"A": "1"}), search(replicas=2)
    assert changes(back(past(with_it, without), without)) == {".environment.A": "1"}


def test_what_else_is_not_applied_yet_is_named() -> None:
    was = search(version="1.0.1")
    now = config({"search": {"version": "1.0.1"}, "llm": {"cpus": 2}}, proxy={"readTimeoutS": 9})
    plan = back(past(search(), was), {**now, "mech:REDIS_PASSWORD": {"secret": True}})
    assert plan.also == ("mech:REDIS_PASSWORD", "mech:proxy.readTimeoutS", "mech:services.llm.cpus")
    assert "mech:services.llm.cpus" in plan.words()


def test_a_config_that_hides_the_services_says_so() -> None:
    with pytest.raises(OpsError, match="encrypted value.*nothing was changed"):
        back(past(search(), search(cpus=2)), {"mech:services": {"secret": True}})


def test_a_service_whose_settings_stay_wrong_is_not_touched() -> None:
    with pytest.raises(OpsError, match="preflight"):
        back(past(search(), search(cpus=2)), search(colour="red"))


def test_while_another_pulumi_is_at_work_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / ".pulumi/locks/organization/mech/prod"
    place.mkdir(parents=True)
    (place / "1.json").write_text(json.dumps({"pid": os.getpid(), "hostname": "elsewhere"}))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setattr(pulumi, "attempt", lambda *_: pytest.fail("the engine was asked"))
    for stack in (None, "prod", "organization/mech/prod"):
        with pytest.raises(OpsError, match="another `pulumi` is at work.*nothing was changed"):
            going_back.plan(stack, "search", None)


# -- told to the engine ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(600, "int", "600"), (0.7, "float", "0.7"), (True, "bool", "true"), ("7", "string", "7")],
)
def test_each_value_is_set_with_its_type(value: Any, kind: str, text: str) -> None:
    command = pulumi.set_command("prod", "mech:services.search.x", value)
    assert command[:3] == ["pulumi", "config", "set"] and command[command.index("--type") + 1] == kind
    assert command[-5:] == ["--stack", "prod", "--", "mech:services.search.x", text]


class Engine:
    """Notes what it is told; `up` has these events."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, events: list[Json], fails: bool = False) -> None:
        self.told: list[list[str]] = []
        self.events, self.fails = events, fails
        monkeypatch.setattr(pulumi, "attempt", self._attempt)
        monkeypatch.setattr(pulumi, "up", self._up)

    def _attempt(self, argv: list[str], _: float) -> Any:
        self.told.append(argv[2:3] + argv[argv.index("--") + 1 :])
        return type("Done", (), {"returncode": 0, "stderr": ""})

    def _up(self, _: str | None, hear: Any, verbose: bool = False, refresh: bool = True) -> None:
        self.told.append(["up"])
        for event in self.events:
            hear(event)
        if self.fails:
            raise OpsError("`pulumi up` failed")


NOBODY = Console(quiet=True)


def event(kind: str, op: str, name: str) -> Json:
    urn = f"urn:pulumi:s::mech::command:local:Command::{name}"
    return {kind: {"metadata": {"op": op, "urn": urn, "type": "command:local:Command", "new": {}}}}


SWITCH = event("resOutputsEvent", "create-replacement", "services-search-switch")


def test_the_config_is_set_first_and_the_switch_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    now = search(version="1.0.1", memoryMb=600)
    engine = Engine(
        monkeypatch,
        [
            event("resourcePreEvent", "create-replacement", "services-search-switch"),
            event("resOutputsEvent", "update", "services-search2-switch"),
            SWITCH,
        ],
    )
    plan = back(past(search(version="1.0.0"), now), now)
    times = going_back.carry_out(None, plan, 0, NOBODY)
    assert engine.told == [
        ["rm", "mech:services.search.memoryMb"], ["set", "mech:services.search.version", "1.0.0"], ["up"],
    ]  # fmt: skip
    assert times.switched is not None and "serves version 1 (1.0.0)" in times.words(plan)


def test_what_was_not_switched_is_not_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    Engine(
        monkeypatch,
        [
            event("resourcePreEvent", "create-replacement", "services-search-switch"),
            event("resOpFailedEvent", "create-replacement", "services-search-switch"),
        ],
    )
    now = search(version="1.0.1")
    times = going_back.carry_out(None, back(past(search(), now), now), 0, NOBODY)
    assert times.switched is None


def test_a_rollback_that_fails_says_what_the_config_has_now(monkeypatch: pytest.MonkeyPatch) -> None:
    Engine(monkeypatch, [SWITCH], fails=True)
    now = search(version="1.0.1")
    with pytest.raises(OpsError, match=r"`pulumi up` failed.*config has version 1 \(1.0.0\).*switched after"):
        going_back.carry_out(None, back(past(search(), now), now), 0, NOBODY)
