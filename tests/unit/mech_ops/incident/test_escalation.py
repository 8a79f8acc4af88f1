"""Whom to call, by the guide's four rules, from what was seen in each scenario and from what is changed by hand."""

from __future__ import annotations

import pytest

from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.causes import TABLE
from mech_ops.diagnosis.causes.model import LAYERS
from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.ranking import Diagnosis, diagnose
from mech_ops.incident import escalation

from ..diagnosis import patches

TIMED_OUT = "ssh: connect to host 192.0.2.1 port 22: Connection timed out"


def well() -> Bundle:
    return patches.read()


def down(seen: Bundle, *services: str, **said: object) -> Bundle:
    for name in services:
        seen.facts["edge"]["answers"][name] = {
            "code": 522,
            "ms": 1,
            "error": "",
            "status": "",
            "dependencies": {},
            **said,
        }
    return seen


def silent(seen: Bundle, why: str) -> Bundle:
    seen.facts.pop("host")
    seen.silent["host"] = why
    return seen


def rules(seen: Bundle) -> set[str]:
    return {one.rule for one in escalation.judge(diagnose(Look(seen))).reasons}


def test_its_codes_and_layers_are_ones_that_there_are() -> None:
    assert set(TABLE) >= escalation.BREACH | escalation.SUSPICIOUS | escalation.UNRESPONSIVE
    assert not escalation.BREACH & escalation.SUSPICIOUS


def test_a_platform_that_is_well_calls_nobody() -> None:
    judged = escalation.judge(diagnose(Look(well())))
    assert judged == escalation.Escalation((), (), ())


@pytest.mark.parametrize(
    ("services", "escalated"), [(3, set()), (4, {"Multiple service failures"}), (8, {"Multiple service failures"})]
)
def test_more_than_three_services(services: int, escalated: set[str]) -> None:
    seen = well()
    assert rules(down(seen, *list(seen.declared["services"])[:services])) == escalated


def test_a_service_that_answers_an_error_is_down_and_one_that_is_slow_is_not() -> None:
    seen = well()
    names = list(seen.declared["services"])[:5]
    assert "Multiple service failures" in rules(down(seen, *names, code=503, status="degraded"))
    assert "Multiple service failures" not in rules(down(well(), *names, code=200, status="degraded"))


def test_data_loss_is_one_also_while_services_are_down() -> None:
    seen = well()
    seen.facts["host"]["redis_info"] |= {"role": "slave", "master_host": "203.0.113.9"}
    assert rules(seen) == {"Data loss", "Security breach"}
    assert "Data loss" in rules(down(seen, "queue"))


def test_a_breach() -> None:
    seen = well()
    seen.told.append("not ours: the key eve may log in as root (left as it is)")
    judged = escalation.judge(diagnose(Look(seen)))
    assert [(one.rule, one.why) for one in judged.reasons] == [
        ("Security breach", ("the key eve may log in as root (SSH_KEY_FOREIGN)",))
    ]
    assert judged.call == ("administrator",)


def test_what_every_host_sees_each_day_is_told_and_calls_nobody() -> None:
    seen = well()
    seen.told.append("not ours: the container x (y, running) is not declared (left as it is)")
    judged = escalation.judge(diagnose(Look(seen)))
    assert judged.call == () and "CONTAINER_UNDECLARED" in judged.suspicious[0]


@pytest.mark.parametrize(
    ("why", "escalated"),
    [
        (TIMED_OUT, True),
        ("python3: not found", True),
        ("root@192.0.2.1: Permission denied (publickey).", False),
    ],
)
def test_a_silent_host_is_infrastructure_unless_it_only_refuses_us(why: str, escalated: bool) -> None:
    assert ("Infrastructure failure" in rules(silent(well(), why))) is escalated


def test_a_host_that_is_gone_calls_the_provider_too() -> None:
    seen = silent(well(), TIMED_OUT)
    judged = escalation.judge(diagnose(Look(down(seen, *seen.declared["services"]))))
    assert {one.rule for one in judged.reasons} == {"Multiple service failures", "Infrastructure failure"}
    assert judged.call == ("administrator", "provider")


@pytest.mark.parametrize("name", patches.names())
def test_each_scenario_gives_a_text_that_can_be_sent(name: str) -> None:
    found = diagnose(Look(patches.read(name)))
    judged = escalation.judge(found)
    said = escalation.text(found, judged, {"administrator": "ops@mech.example"}, "x.tar.gz", ["drift: it did not end"])
    assert said.startswith("Subject: [Mech sandbox] ") and "None" not in said and "{" not in said
    assert ("ops@mech.example" in said) is bool(judged.call) and "- drift: it did not end" in said
    assert all(named.code in said and named.fix in said for named in found.named)
    assert bool(judged.call) is bool(judged.reasons)


def called(*over: str) -> tuple[Diagnosis, escalation.Escalation]:
    found = diagnose(Look(patches.read(*over)))
    return found, escalation.judge(found)


def test_a_container_calls_the_developers_only_where_a_rule_applies() -> None:
    for name in patches.names():
        found, judged = called(name)
        layers = {named.cause.layer for named in found.named}
        assert layers <= set(LAYERS)
        if "developers" in judged.call:
            assert judged.reasons
