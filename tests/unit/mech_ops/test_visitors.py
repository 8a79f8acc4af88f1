"""`mech drift` and what visitors get: never "no drift" with exit code 0 while a service is down."""

from __future__ import annotations

import subprocess

import pytest

from mech_ops import pulumi
from mech_ops.drift import check, render, visitors
from mech_ops.status import Health

WELL = Health("llm", "https://llm.mech.is", 200, "ok")
DOWN = Health("queue", "https://queue.mech.is", 522, "down", "no answer from the origin")
SLOW = Health("reader", "https://reader.mech.is", 0, "down", "no answer within 13 s")
ILL = Health("search", "https://search.mech.is", 503, "degraded", "mongodb: refused")
NAMELESS = Health("llm", "https://llm.mech.is", 0, "down", "[Errno -2] Name or service not known")


def test_who_is_down_is_told_apart_from_who_is_not_well() -> None:
    said = visitors.judge([WELL, DOWN, SLOW, ILL], elsewhere=False)
    assert said.down == [
        "queue is down for visitors: 522 no answer from the origin",
        "reader is down for visitors: no answer within 13 s",
    ]
    assert said.ill == ["not well: search says degraded: mongodb: refused"]
    assert not said.unasked


def test_names_that_nobody_knows_are_an_outage_where_the_clouds_are_the_real_ones() -> None:
    assert visitors.judge([NAMELESS], elsewhere=False).down
    assert not visitors.judge([NAMELESS], elsewhere=True).down
    assert "llm.mech.is" in visitors.judge([NAMELESS], elsewhere=True).unasked
    assert visitors.judge([NAMELESS, WELL], elsewhere=True).down, "one that is missing is not this machine's ignorance"


@pytest.fixture
def no_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "preview", lambda stack, exclude=(): subprocess.CompletedProcess([], 0, "", ""))


@pytest.mark.usefixtures("no_drift")
def test_down_without_drift_is_exit_code_2_and_leads_to_the_diagnosis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "ask", lambda stack: visitors.judge([DOWN], elsewhere=False))
    report = check.check("s")
    assert report.exit_code == 2
    said = render.text(report)
    assert "1 services down for visitors, and nothing declared explains it: mech diagnose" in said
    assert "no drift" not in said and said.endswith("next: mech diagnose")
    assert "queue is down for visitors" in render.markdown(report)
    assert '"exit_code": 2' in render.as_json(report)


@pytest.mark.usefixtures("no_drift")
def test_visitors_who_could_not_be_asked_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "ask", lambda stack: visitors.judge([NAMELESS], elsewhere=True))
    report = check.check("s")
    assert report.exit_code == 0
    assert "visitors could not be asked from here" in render.headline(report)
