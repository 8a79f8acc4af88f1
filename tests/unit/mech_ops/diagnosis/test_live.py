"""The diagnosis again and again: what is shown is the newest, and nobody else can read it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import httpx
import pytest
from rich.console import Console

from mech_ops.diagnosis import live
from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.ranking import Diagnosis, diagnose
from mech_ops.errors import OpsError

from . import patches


def well() -> Diagnosis:
    return diagnose(Look(patches.read()))


def ill() -> Diagnosis:
    seen = patches.read()
    seen.drift.append({"kind": "ufw-rule", "label": "80/tcp", "there": "missing", "declared": "open", "about": {}})
    return diagnose(Look(seen))


def test_watching_shows_each_look_and_ends_with_the_last_ones_code() -> None:
    looks = iter([well(), ill()])
    console = Console(width=120, record=True, force_terminal=False)
    assert live.watch(lambda: next(looks), 0.01, console, rounds=2) == 2
    assert "UFW_PORT_CLOSED" in console.export_text()


def test_a_look_that_fails_does_not_end_it() -> None:
    def fails() -> Diagnosis:
        raise OpsError("the state cannot be read")

    console = Console(width=120, record=True, force_terminal=False)
    assert live.watch(fails, 0.01, console, rounds=1) == 0
    assert "could not look: the state cannot be read" in console.export_text()


@pytest.fixture
def board() -> Iterator[tuple[live.Board, str]]:
    made = live.Board()
    with live.server(made, 0, 5) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_page_and_the_json_are_the_newest(board: tuple[live.Board, str]) -> None:
    made, url = board
    made.put(well())
    made.put(ill())
    got = httpx.get(f"{url}/")
    assert (
        "UFW_PORT_CLOSED" in got.text and got.headers["refresh"] == "5" and got.headers["cache-control"] == "no-store"
    )
    assert json.loads(httpx.get(f"{url}/diagnosis.json").text)["exit_code"] == 2
    assert httpx.get(f"{url}/etc/passwd").status_code == 404


def test_another_name_for_this_machine_reads_nothing(board: tuple[live.Board, str]) -> None:
    made, url = board
    made.put(ill())
    assert httpx.get(f"{url}/", headers={"Host": "evil.example:80"}).status_code == 403


def test_a_taken_port_is_one_sentence(board: tuple[live.Board, str]) -> None:
    with pytest.raises(OpsError, match="--port takes another one"):
        live.server(board[0], int(board[1].rpartition(":")[2]), 5)
