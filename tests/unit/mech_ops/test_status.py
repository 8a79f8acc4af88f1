"""What `mech status` makes of an answer."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from mech_ops import status

URLS = {"llm": "https://llm.mech.is", "queue": "https://queue.mech.is"}


def ask(answer: httpx.Response | Exception) -> list[status.Health]:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    return asyncio.run(status.ask_until(URLS, lambda _: 1, httpx.MockTransport(handle)))


def test_a_good_report() -> None:
    found = ask(httpx.Response(200, json={"status": "ok", "dependencies": {"redis": "ok"}}))
    assert [(health.service, health.ok) for health in found] == [("llm", True), ("queue", True)]
    assert found[0].dependencies == {"redis": "ok"}


def test_a_degraded_service_names_what_fails() -> None:
    report = {"status": "degraded", "dependencies": {"redis": "ok", "mongodb": "connection refused"}}
    found = ask(httpx.Response(503, json=report))
    assert (found[0].ok, found[0].state, found[0].detail) == (False, "degraded", "mongodb: connection refused")


@pytest.mark.parametrize(("code", "says"), [(522, "UFW"), (502, "nginx"), (526, "origin-ca"), (418, "HTTP 418")])
def test_the_edges_codes_are_explained(code: int, says: str) -> None:
    found = ask(httpx.Response(code, text=f"error code: {code}"))
    assert not found[0].ok
    assert says in found[0].detail


def test_no_answer_is_down_and_not_a_traceback() -> None:
    assert [health.state for health in ask(httpx.ConnectError("refused"))] == ["down", "down"]
    assert ask(httpx.ReadTimeout("slow"))[0].detail == "no answer within 0 s"


def test_a_page_that_is_no_report_is_not_ok() -> None:
    assert not ask(httpx.Response(200, text="<html>"))[0].ok


def test_who_does_not_answer_is_not_waited_for_for_ever() -> None:
    heard: list[list[str]] = []

    async def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "queue.mech.is":
            await asyncio.sleep(60)
        return httpx.Response(200, json={"status": "ok", "dependencies": {}})

    asked = status.ask_until(URLS, lambda _: 0.5, httpx.MockTransport(handle), lambda _, names: heard.append(names))
    found = {health.service: health for health in asyncio.run(asked)}
    assert found["queue"].detail.startswith("no answer within") and found["queue"].state == "down"
    assert all(health.ok for name, health in found.items() if name != "queue")
    assert heard and all(names == ["queue"] for names in heard)


def test_who_waits_is_told_how_long_the_edge_takes() -> None:
    assert "522 takes 19 s" in status.late(5, ["llm"])
    assert "524 takes 120 s" in status.late(21, ["llm"])
