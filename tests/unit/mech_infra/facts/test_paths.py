from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.host import paths

ADDRESS = socket.inet_aton("127.0.0.1")


def answer(query: bytes, code: int, *records: tuple[int, bytes]) -> bytes:
    """A name server's: the question is repeated, and the records point to its name."""
    head = query[:2] + struct.pack(">5H", 0x8180 | code, 1, len(records), 0, 0)
    return head + query[12:] + b"".join(struct.pack(">HHHIH", 0xC00C, k, 1, 60, len(d)) + d for k, d in records)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A name server on another port than 53, and the two files that a container has."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            query, asker = server.recvfrom(512)
            if not query:
                return
            name = query[12:].split(b"\0")[0]
            found = {
                b"\x04here": (0, (5, b"\x05alias\0"), (1, ADDRESS)), b"\x03six": (0,), b"\x04dead": (2,), b"\x03cut": None,
            }.get(name, (3,))  # fmt: skip
            if name != b"\x04mute":
                server.sendto(answer(query, *found) if found else answer(query, 0, (1, ADDRESS))[:-8], asker)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    real = socket.socket.connect
    monkeypatch.setattr(
        socket.socket, "connect", lambda wire, to: real(wire, server.getsockname() if to[1] == 53 else to)
    )
    (tmp_path / "resolv.conf").write_text("search x\nnameserver 127.0.0.11\noptions ndots:0\n")
    (tmp_path / "hosts").write_text("::1 localhost queue.mech.internal\n127.0.0.9\tqueue.mech.internal q # ours\n")
    yield {"resolver": f"{tmp_path}/resolv.conf", "hosts": f"{tmp_path}/hosts"}
    server.sendto(b"", server.getsockname())
    thread.join()
    server.close()


@pytest.mark.parametrize(("name", "address"), [("here", "127.0.0.1"), ("192.0.2.7", "192.0.2.7"), ("queue.mech.internal", "127.0.0.9")])  # fmt: skip
def test_a_name_is_found_as_the_container_finds_it(names: dict[str, str], name: str, address: str) -> None:
    assert paths.resolved(name, **names) == address


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nobody", "no such name"), ("six", "no such name"), ("dead", "the name server 127.0.0.11 fails: it cannot ask others"),
        ("cut", "the name server 127.0.0.11 fails: its answer is cut"), ("mute", "the name server 127.0.0.11: timed out"),
    ],
)  # fmt: skip
def test_why_a_name_is_not_found(names: dict[str, str], name: str, says: str) -> None:
    assert paths.passes(name, 1, **names) == says


def test_without_a_name_server(names: dict[str, str]) -> None:
    Path(names["resolver"]).write_text("# none\n")
    assert paths.passes("here", 1, **names) == "no name server is set"


def test_all_targets_of_a_container_and_what_is_outside(names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    about = {"State": {"Pid": 7}, "ResolvConfPath": names["resolver"], "HostsPath": names["hosts"]}
    there: dict[str, Any] = {"/containers/mech-queue/json": about, "/containers/redis/json": {"State": {"Pid": 0}}}
    monkeypatch.setattr(paths, "started", lambda: True)
    monkeypatch.setattr(paths, "ask", lambda path, timeout: there.get(path, {"message": "No such container"}))
    entered: list[int] = []
    monkeypatch.setattr(paths, "enter", entered.append)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other:
        port, closed = server.getsockname()[1], other.getsockname()[1]
        other.close()
        wanted = {
            "mech-queue": [["here", port], ["here", closed], ["nobody", 1]],
            "redis": [["here", port]],
            "gone": [],
        }
        found = paths.paths(wanted, ["127.0.0.1", port])
    passed = {f"here:{port}": "", f"here:{closed}": "refused", "nobody:1": "no such name", "outside": ""}
    assert found == {"host": {"outside": ""}, "containers": {"mech-queue": passed}}
    assert {7, 0} == set(entered)


def test_one_that_ended_meanwhile_is_left_out(names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    about = {"State": {"Pid": 2**22 + 1}, "ResolvConfPath": names["resolver"], "HostsPath": names["hosts"]}
    monkeypatch.setattr(paths, "started", lambda: True)
    monkeypatch.setattr(paths, "ask", lambda path, timeout: about)
    assert paths.inside("mech-queue", [["here", 1]], ["127.0.0.1", 1], Future()) is None


def test_where_nothing_gets_out_the_name_server_is_not_why(names: dict[str, str]) -> None:
    known: Future[str] = Future()
    known.set_result("127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert paths.passes("dead", port, **names, known=known).startswith("the name server 127.0.0.11 fails")
    assert paths.passes("dead", port, **names, known=known) == "refused"
    nobody: Future[str] = Future()
    nobody.set_result("")
    assert paths.passes("dead", port, **names, known=nobody).startswith("the name server 127.0.0.11 fails")


def test_of_a_swarm_the_tasks_that_are_here_are_tried_whatever_they_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [
        {"name": "mech-llms.1.x", "service": "llm", "running": True},
        {"name": "mech-llms.2.y", "service": "llm", "running": False},
        {"name": "other", "service": "", "running": True},
    ]
    monkeypatch.setattr(paths, "listing", lambda: known)
    monkeypatch.setattr(paths, "tried", lambda *_: {})
    monkeypatch.setattr(paths, "inside", lambda name, targets, *_: {f"{host}:{port}": "" for host, port in targets})
    found = paths.paths({}, ["127.0.0.1", 1], {"llm": [["mongodb", 27017]]})
    assert found["containers"] == {"mech-llms.1.x": {"mongodb:27017": ""}}
