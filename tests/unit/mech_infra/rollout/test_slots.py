"""Which version stands where: what the state has decides, and a version keeps its slot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mech_infra.commands import containers, nginx
from mech_infra.rollout import asking, onhost, slots, words
from mech_infra.rollout.slots import Standing

URN = "urn:pulumi:prod::mech::mech:platform:Services$mech:platform:Service$"


def state(serving: str | None = None, **versions: str) -> dict[str, Any]:
    """A stack with these versions of llm in their slots."""
    found: dict[str, Any] = {}
    for version, slot in versions.items():
        labels = [{"label": "mech.service", "value": "llm"}, {"label": "mech.version", "value": version},
                  {"label": "mech.slot", "value": slot}]  # fmt: skip
        kind = "docker:index/container:Container"
        found[f"{URN}{kind}::services-llm-{version}"] = {"type": kind, "outputs": {"labels": labels}}
    if serving is not None:
        kind = "command:local:Command"
        order = json.dumps({"version": serving, "slot": versions.get(serving, "blue")})
        found[f"{URN}{kind}::services-llm-watch"] = {"type": kind, "outputs": {"stdin": order}}
    return found


@pytest.mark.parametrize(
    ("has", "version", "slot"),
    [
        (state(), "a", "blue"),  # the first one
        (state("a", a="blue"), "a", "blue"),  # unchanged
        (state("a", a="blue"), "b", "green"),
        (state("a", a="green"), "b", "blue"),
        (state("a", a="blue", b="green"), "b", "green"),  # refused, and tried again
        (state("a", a="blue", b="green"), "a", "blue"),  # refused, and taken back
        (state("a", a="blue", b="green"), "c", "green"),  # refused, and mended: never where the old one serves
        (state(None, a="blue"), "b", "green"),  # the very first was refused
        (state(None, a="blue", b="green"), "c", "blue"),
        (state("gone"), "a", "blue"),  # the host was made anew
    ],
)
def test_a_version_stands_where_nothing_serves(has: dict[str, Any], version: str, slot: str) -> None:
    assert slots.standing(has, "llm", "services-llm-watch").slot_for(version) == slot


def test_what_is_not_of_the_service_is_not_counted() -> None:
    has = state("a", a="blue") | {
        "urn:x::redis": {"type": "docker:index/container:Container", "outputs": {"labels": None}},
        "urn:x::services-llm-watch": {"type": "command:local:Command", "outputs": {"stdin": "not JSON"}},
        "urn:x::none": {"type": "command:local:Command"},
    }
    assert slots.standing(has, "queue", "services-queue-watch") == Standing()


def test_a_version_is_its_whole_definition() -> None:
    same = slots.version({"a": 1, "b": [2, "x"]}, {"secret"})
    assert same == slots.version({"b": [2, "x"], "a": 1}, ["secret"])
    assert (
        len(
            {
                same,
                slots.version({"a": 2, "b": [2, "x"]}, {"secret"}),
                slots.version({"a": 1, "b": [2, "x"]}, {"other"}),
            }
        )
        == 3
    )
    assert len(same) == 8 and int(same, 16) >= 0


def test_a_guess_of_a_secret_costs_more_than_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(slots.hashlib, "scrypt", lambda text, **about: asked.append(about) or b"x")
    slots.version({"a": 1}, ())
    assert asked == []
    slots.version({"a": 1}, {"p4ss"})
    assert asked[0]["n"] >= 2**12


def test_each_replica_of_each_slot_has_a_port_of_its_own() -> None:
    ports = [slots.port(p, slot, n) for p in range(3001, 3011) for slot in slots.SLOTS for n in range(1, 10)]
    assert len(set(ports)) == len(ports)
    # Linux gives outgoing connections ports from 32768 on.
    assert max(ports) < 32_768
    assert (slots.port(3008, "blue"), slots.port(3008, "green", 2)) == (13008, 24008)


def test_the_program_on_the_host_knows_the_same_names() -> None:
    """It stands alone there, and cannot import them."""
    for name in ("SERVICE", "VERSION", "SLOT", "REPLICA", "IMAGE"):
        assert getattr(asking, name) == getattr(containers, name)
    assert str(onhost.FLAGS) == nginx.FLAGS
    assert nginx.internal_name("llm") == f"llm.{onhost.INTERNAL}"
    assert set(onhost.OTHER) == set(slots.SLOTS)


@pytest.mark.parametrize(
    ("has", "said"),
    [
        (state("a", a="blue"), None),
        (state(), None),
        (
            state("b", b="blue"),
            "llm: rolling, no outage: version b serves until a (llm:2) is healthy, and again if that one fails",
        ),
        (state("b", b="blue", a="green"), "(llm:2, tried again)"),
        (state(None, b="blue"), "llm: version a (llm:2) is tried; none has served yet"),
    ],
)
def test_the_plan_says_what_a_change_costs(has: dict[str, Any], said: str | None) -> None:
    planned = words.planned("llm", slots.standing(has, "llm", "services-llm-watch"), "a", "llm:2")
    assert planned == said or (said is not None and said in str(planned))
