"""The services' stand-in as programs on this machine, with a real Redis and without a MongoDB."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

REDIS = shutil.which("redis-server")


def free_port() -> int:
    """Below the ports that the kernel gives to connections, which might take it before the service does."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("0.0.0.0", port))
            return port
    raise AssertionError("no free port")


def until(what: Callable[[], Any], within: float = 10, said: Callable[[], str] = str) -> Any:
    """The first answer that counts; fails after so many seconds, with what `said` says."""
    ends = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < ends, f"waited in vain: {said()}"
        time.sleep(0.05)
    return found


@dataclass
class Service:
    """A running service; what it wrote is in `log`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    @property
    def text(self) -> str:
        return self.log.read_text()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def ended(self, within: float = 10) -> int:
        return self.process.wait(within)

    def get(self, path: str, **more: Any) -> Any:
        return httpx.get(self.url + path, timeout=10, **more).json()

    def post(self, path: str, body: Any, **more: Any) -> Any:
        return httpx.post(self.url + path, json=body, timeout=10, **more).raise_for_status().json()


@dataclass
class World:
    program: Path
    folder: Path
    redis: int
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, listens: bool = True, **env: str) -> Service:
        port = free_port()
        log = self.folder / f"{name}-{port}.log"
        variables = {
            "SERVICE_NAME": name, "PORT": str(port), "REDIS_URL": f"redis://127.0.0.1:{self.redis}",
            "MONGODB_URI": "mongodb://127.0.0.1:1/mech?serverSelectionTimeoutMS=500", "OPENAI_BASE_URL": "http://127.0.0.1:1", **env,
        }  # fmt: skip
        with log.open("wb") as out:
            process = subprocess.Popen([self.program], env=variables, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        self.running.append(process)
        made = Service(process, f"http://127.0.0.1:{port}", log)
        if listens:
            until(lambda: "listens on port" in made.text and answers(made), said=lambda: made.text)
        return made

    def keys(self, *command: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(self.redis), *command], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


def answers(service: Service) -> bool:
    try:
        return httpx.get(service.url + "/", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@contextlib.contextmanager
def running_world(program: Path, folder: Path) -> Iterator[World]:
    port = free_port()
    assert REDIS
    redis = subprocess.Popen(
        [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    made = World(program, folder, port, [redis])
    try:
        until(lambda: subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True).stdout == b"PONG\n")
        yield made
    finally:
        for process in reversed(made.running):
            process.kill()
            process.wait()
