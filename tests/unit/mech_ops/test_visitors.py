"""`mech drift` and what visitors get: never "no drift" with exit code 0 while a service is down."""

from __future__ import annotations

import socket
import subprocess
from typing import Any

import pytest

from mech_ops import pulumi, status
from mech_ops.drift import check, render, visitors
from mech_ops.status import Health

WELL = Health("llm", "https://llm.mech.is", 200, "ok")
DOWN = Health("queue", "https://queue.mech.is", 522, "down", "no answer from the origin")
SLOW = Health("reader", "https://reader.mech.is", 0, "down", "no answer within 13 s")
ILL = Health("search", "https://search.mech.is", 503, "degraded", "mongodb: refused")


def test_who_is_down_is_told_apart_from_who_is_not_well() -> None:
    said = visitors.judge([WELL, DOWN, SLOW, ILL])
    assert said.down == [
        "queue is down for visitors: 522 no answer from the origin",
        "reader is down for visitors: no answer within 13 s",
    ]
    assert said.ill == ["not well: search says degraded: mongodb: refused"]
    assert not said.unasked


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Where names lead, on a machine whose clouds are not the real ones."""
    known: dict[str, str] = {}

    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(0, 0, 0, "", (known[host], 443))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setenv("MECH_VULTR_URL", "http://10.77.0.4/v2")
    return known


URLS = ["https://llm.mech.is", "https://queue.mech.is"]


def test_names_that_lead_to_the_world_are_not_asked_where_the_clouds_are_others(names: dict[str, str]) -> None:
    names["llm.mech.is"] = "104.16.1.1"
    assert "llm.mech.is leads to the world" in status.not_from_here(URLS)
    names["llm.mech.is"] = "10.77.0.3"
    assert status.not_from_here(URLS) == ""


def test_one_name_that_is_missing_is_an_outage_and_not_this_machines_ignorance(names: dict[str, str]) -> None:
    assert "knows none" in status.not_from_here(URLS)
    names["queue.mech.is"] = "10.77.0.3"
    assert status.not_from_here(URLS) == ""


def test_with_the_real_clouds_everybody_is_asked(names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MECH_VULTR_URL")
    monkeypatch.delenv("CLOUDFLARE_BASE_URL", raising=False)
    assert status.not_from_here(URLS) == ""


@pytest.fixture
def no_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "preview", lambda stack, exclude=(): subprocess.CompletedProcess([], 0, "", ""))


@pytest.mark.usefixtures("no_drift")
def test_down_without_drift_is_exit_code_2_and_leads_to_the_diagnosis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "ask", lambda stack: visitors.judge([DOWN]))
    report = check.check("s")
    assert report.exit_code == 2
    said = render.text(report)
    assert "1 services down for visitors, and nothing declared explains it: mech diagnose" in said
    assert "no drift" not in said and said.endswith("next: mech diagnose")
    assert "queue is down for visitors" in render.markdown(report)
    assert '"exit_code": 2' in render.as_json(report)


@pytest.mark.usefixtures("no_drift")
def test_visitors_who_could_not_be_asked_are_said(names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "outputs", lambda stack: {"service_urls": {"llm": URLS[0]}})
    report = check.check("s")
    assert report.exit_code == 0
    assert "visitors could not be asked from here" in render.headline(report)
    assert "knows none of the services' names" in render.text(report)


@pytest.mark.usefixtures("no_drift")
def test_a_stack_without_services_has_no_visitors_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "outputs", lambda stack: {})
    report = check.check("s")
    assert report.exit_code == 0 and report.down == [] and report.visitors_unasked == ""
