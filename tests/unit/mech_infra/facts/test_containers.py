from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.host import containers

# As Docker 20.10 says it of a service in the sandbox, shortened.
QUEUE: dict[str, Any] = {
    "Name": "/mech-queue", "Created": "2026-11-27T02:33:30.1Z", "RestartCount": 2, "Config": {"Env": ["MONGODB_URL=mongodb://x:hunter2@mongodb"]},
    "State": {"Status": "running", "Health": {"Status": "unhealthy", "Log": [{"Output": "hunter2"}]}, "OOMKilled": False,
              "ExitCode": 0, "Error": "", "StartedAt": "2026-11-27T02:33:37.035248334Z"},
    "HostConfig": {"Memory": 536870912, "NanoCpus": 500000000, "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
                   "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3", "splunk-token": "hunter2"}}},
    "NetworkSettings": {"Networks": {"mech-network": {}, "bridge": {}}},
}  # fmt: skip


def frame(stream: int, text: str) -> bytes:
    return struct.pack(">BxxxI", stream, len(text.encode())) + text.encode()


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Docker's answers by path."""
    there: dict[str, Any] = {"/containers/json?all=1": [{"Id": "1"}, {"Id": "2"}], "/containers/1/json": QUEUE}
    monkeypatch.setattr(containers, "started", lambda: True)
    monkeypatch.setattr(containers, "ask", lambda path, timeout: there.get(path, {"message": "none"}))
    monkeypatch.setattr(containers, "said", lambda id_, running: ["a line"])
    return there


def test_a_container_closely_and_nothing_that_is_secret(docker: dict[str, Any]) -> None:
    found = containers.inspected()
    assert found == {
        "mech-queue": {
            "state": "running", "health": "unhealthy", "restarts": 2, "oom": False, "exit": 0, "error": "",
            "created": "2026-11-27T02:33:30.1Z", "started": "2026-11-27T02:33:37.035248334Z", "memory": 536870912, "cpus": 0.5, "restart": "unless-stopped",
            "log": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
            "networks": ["bridge", "mech-network"], "said": ["a line"],
        }
    }  # fmt: skip
    assert "hunter2" not in json.dumps(found)


def test_one_without_a_health_check_or_limits(docker: dict[str, Any]) -> None:
    docker["/containers/1/json"] = {
        **QUEUE,
        "State": {k: v for k, v in QUEUE["State"].items() if k != "Health"},
        "HostConfig": {},
    }
    found = (containers.inspected() or {})["mech-queue"]
    assert (found["health"], found["memory"], found["cpus"], found["restart"]) == ("", 0, 0, "")


def test_a_docker_that_does_not_run_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "started", lambda: False)
    assert containers.inspected() is None
    assert containers.usage() is None
    assert containers.daemon()["version"] == ""


@pytest.mark.parametrize(
    ("stream", "lines"),
    [
        (b"", []),
        (frame(1, "one\ntwo") + frame(2, " goes on\n\nthree\n"), ["one", "two goes on", "three"]),
        (frame(1, "one\n") + frame(2, "cut short")[:12], ["one", "cut"]),
        (b"a terminal's\r\ntext\r\n", ["a terminal's", "text"]),
        (frame(1, "x" * 1000), ["x" * 300]),
        (frame(1, "\n".join(map(str, range(40)))), [str(n) for n in range(10, 40)]),
    ],
)
def test_a_log_as_lines(stream: bytes, lines: list[str]) -> None:
    assert containers.lines(stream) == lines


def test_dockers_own_settings(docker: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    docker["/info"] = {"Warnings": ["WARNING: No swap limit support"], "ServerVersion": "20.10.24", "Labels": None}
    file = {
        "mtu": 1400, "proxies": {"http-proxy": "http://us:hunter2@192.0.2.1:3128"}, "log-opts": {"splunk-token": "hunter2"},
        "dns": ["192.0.2.53"], "live-restore": True,
    }  # fmt: skip
    monkeypatch.setattr(containers, "text", lambda path: json.dumps(file) if "daemon.json" in str(path) else "1500\n")
    found = containers.daemon()
    assert found["warnings"] == ["WARNING: No swap limit support"] and found["version"] == "20.10.24"
    assert found["config"] == {
        "mtu": 1400, "proxies": {"http-proxy": "http://***@192.0.2.1:3128"}, "log-opts": {"splunk-token": "***"},
        "dns": ["192.0.2.53"], "live-restore": True,
    }  # fmt: skip
    assert found["mtu"]["lo"] == 1500


def test_a_file_of_dockers_that_is_no_json(
    docker: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(containers, "text", lambda path: '{"mtu": 1400,}' if "daemon.json" in str(path) else None)
    found = containers.daemon()
    assert found["config"] == {} and "line 1" in found["error"]


@pytest.mark.parametrize(
    ("stats", "found"),
    [
        ({"usage": 300, "limit": 512, "stats": {"inactive_file": 100}}, {"used": 200, "limit": 512}),
        ({"usage": 300, "limit": 512, "stats": {"total_inactive_file": 50, "inactive_file": 10}}, {"used": 250, "limit": 512}),
        ({"usage": 10, "limit": 512, "stats": {"inactive_file": 100}}, {"used": 0, "limit": 512}),
        ({}, None),
        (None, None),
    ],
)  # fmt: skip
def test_the_memory_of_a_container_is_without_what_can_be_dropped(
    docker: dict[str, Any], stats: Any, found: Any
) -> None:
    """Version 2 of cgroups, version 1, and a kernel that does not count."""
    docker["/containers/json"] = [{"Id": "1", "Names": ["/mech-queue"]}]
    docker["/containers/1/stats?stream=false&one-shot=true"] = {"memory_stats": stats}
    assert containers.usage() == ({"mech-queue": found} if found else {})
