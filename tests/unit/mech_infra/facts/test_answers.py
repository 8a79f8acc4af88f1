from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mech_infra.facts.host import answers

OK = {
    "status": "ok",
    "service": "llm",
    "dependencies": {"mongodb": "ok", "openai": {"status": "refused", "key": "sk-x"}},
}


@pytest.fixture
def web() -> Iterator[Callable[..., int]]:
    """Servers that answer every GET with the same; each call returns the port of another one."""
    made = []

    def serve(code: int, body: bytes, seen: list[Any] | None = None, **headers: str) -> int:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if seen is not None:
                    seen.append((self.path, dict(self.headers)))
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        made.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=made[-1].serve_forever, args=(0.02,), daemon=True).start()
        return int(made[-1].server_port)

    yield serve
    for one in made:
        one.shutdown()
        one.server_close()


def container(name: str, port: int, service: str = "", state: str = "running") -> dict[str, Any]:
    ports = [{"IP": "127.0.0.1", "PrivatePort": 3008, "PublicPort": port, "Type": "tcp"}] if port else []
    labels = {"mech.service": service} if service else None
    return {
        "Names": [f"/{name}"],
        "Id": name,
        "State": state,
        "Status": "Up 2 minutes",
        "Labels": labels,
        "Ports": ports,
    }


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Docker lists."""
    there: list[dict[str, Any]] = []
    monkeypatch.setattr(answers, "started", lambda: True)
    monkeypatch.setattr(answers, "ask", lambda path, timeout: there)
    return there


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def asked(*names: str) -> dict[str, Any]:
    # Port 80 of the machine that runs the tests is nobody's business.
    sites = {"llm": {"host": "llm.mech.is", "scheme": "http", "containers": list(names)}}
    found: dict[str, Any] = answers.answers(sites)["llm"]["containers"]
    return found


def test_a_service_is_asked_in_each_of_its_containers(docker: list[Any], web: Callable[..., int]) -> None:
    report = json.dumps(OK).encode()
    docker += [
        container("mech-llms", web(200, report), "llm"), container("mech-llms-2", free(), "llm"),
        container("mech-llms-old", 0, "llm", "exited"), container("mech-llms-net", 0, "llm"),
        container("mech-queue", free(), "queue"),
    ]  # fmt: skip
    found = asked("mech-llms", "mech-gone")
    well = found.pop("mech-llms")
    assert well.pop("ms") < 5000
    words = {"mongodb": "ok", "openai": "refused"}
    assert well == {"code": 200, "error": "", "status": "ok", "dependencies": words}
    assert {name: (about["code"], about["error"]) for name, about in found.items()} == {
        "mech-llms-2": (0, "refused"), "mech-llms-old": (0, "not running"), "mech-llms-net": (0, "no port"),
        "mech-gone": (0, "not running"),
    }  # fmt: skip


def test_what_a_swarms_task_left_behind_is_nobody_who_could_answer(docker: list[Any], web: Callable[..., int]) -> None:
    docker += [
        container(name, web(200, b"{}"), "llm", state) for name, state in (("llm.1", "running"), ("llm.0", "exited"))
    ]
    for one in docker:
        one["Labels"]["com.docker.swarm.task.id"] = "t"
    assert asked().keys() == {"llm.1"}


def test_one_that_was_made_by_hand_is_known_by_its_name(docker: list[Any], web: Callable[..., int]) -> None:
    docker += [container("mech-llms", web(503, b"no"))]
    assert asked("mech-llms")["mech-llms"]["code"] == 503


def test_without_docker_nothing_is_said_of_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "started", lambda: False)
    assert asked("mech-llms") == {}
    assert answers.jobs() is None


@pytest.mark.parametrize(("state", "limit_s"), [("running", 5.0), ("paused", 0.5)])
def test_nobody_waits_long_for_a_service_of_which_nothing_runs(
    docker: list[Any], monkeypatch: pytest.MonkeyPatch, state: str, limit_s: float
) -> None:
    limits: list[float] = []
    monkeypatch.setattr(answers, "health", lambda *args, **_: limits.append(args[4]) if len(args) > 4 else None)
    docker += [container("mech-llms", free(), "llm", state), container("mech-llms-old", 0, "llm", "exited")]
    asked("mech-llms")
    assert limits == [limit_s]


@pytest.mark.parametrize(
    ("last", "limit"),
    [
        (["Health check exceeded timeout (5s)"] * 3, 0.5),
        (["Health check exceeded timeout (5s)", "503"], 5.0),
        ([], 5.0),
    ],
)
def test_nobody_waits_long_for_one_that_docker_knows_to_hang(
    monkeypatch: pytest.MonkeyPatch, last: list[str], limit: float
) -> None:
    waited: list[float] = []
    there = [{**container("mech-llms", free(), "llm"), "Status": "Up 2 minutes (unhealthy)"}]
    log = {"State": {"Health": {"Log": [{"ExitCode": -1, "Output": output} for output in ["", *last]]}}}
    monkeypatch.setattr(answers, "started", lambda: True)
    monkeypatch.setattr(answers, "ask", lambda path, timeout: there if path.startswith("/containers/json") else log)
    monkeypatch.setattr(
        answers, "health", lambda *given, limit_s=0.0, **_: waited.append(given[4] if len(given) > 4 else limit_s)
    )
    asked("mech-llms")
    assert waited == [limit] * 2


def test_nginx_is_asked_as_the_edge_asks_it(web: Callable[..., int]) -> None:
    seen: list[Any] = []
    port = web(301, b"", seen, Location="https://llm.mech.is/health")
    found = answers.health("127.0.0.1", port, "llm.mech.is", tls=False)
    assert (found["code"], found["location"]) == (301, "https://llm.mech.is/health")
    ((path, headers),) = seen
    assert (path, headers["Host"], headers["X-Forwarded-Proto"]) == ("/health", "llm.mech.is", "https")


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (b"", "closed without an answer"),
        (b"SSH-2.0-x\r\n", "no HTTP"),
        (None, "timed out"),
        (b"HTTP/1.1 200", "timed out"),
    ],
)
def test_why_there_is_no_answer(says: bytes | None, error: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            wire, _ = server.accept()
            wire.recv(4096)
            if says is not None:
                wire.sendall(says)
            if error != "timed out":
                wire.close()
            kept.append(wire)

        kept: list[socket.socket] = []
        threading.Thread(target=speak, daemon=True).start()
        found = answers.health("127.0.0.1", server.getsockname()[1], "x", tls=False, limit_s=0.3)
    assert (found["code"], found["error"]) == (0, error)


def test_tls_where_there_is_none(web: Callable[..., int]) -> None:
    assert "TLS failed" in answers.health("127.0.0.1", web(200, b""), "llm.mech.is", tls=True)["error"]


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b'{"state": 1}'])
def test_what_is_no_health_report(body: bytes) -> None:
    assert answers.report(body) == {"status": "", "dependencies": {}}


def test_the_jobs_as_the_queue_counts_them(
    docker: list[Any], web: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    docker += [
        container("mech-queue-old", 0, "queue", "exited"),
        container("mech-queue", web(200, b'{"pending": 2, "active": 1}'), "queue"),
    ]
    counts = {"pending": 2, "active": 1}
    assert answers.jobs() == {**counts, "before": counts} and waited == [2]
    docker[:] = [container("mech-queue", web(200, b'{"pending": 0, "active": 1}'), "queue")]
    assert answers.jobs() == {"pending": 0, "active": 1} and waited == [2], "nothing waits: one look is enough"
    docker[:] = [container("mech-queue", web(503, b'{"error": "x"}'), "queue")]
    assert answers.jobs() is None
