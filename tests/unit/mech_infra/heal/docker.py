"""A Docker that answers on a socket what a host's facts say, and does what it is told to them."""

from __future__ import annotations

import http.server
import json
import re
import socketserver
import threading
from pathlib import Path
from typing import Any

from .host import Host


class _Server(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 64  # a full queue of a Unix socket refuses at once


class FakeDocker:
    """`asked` is every change that was asked for. A container in `stubborn` is ill again after each restart."""

    def __init__(self, path: Path, host: Host) -> None:
        self.host, self.path = host, path
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.stubborn: set[str] = set()
        self.refuses = ""
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply(fake.get(self.path))

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                fake.bodies.append(json.loads(self.rfile.read(length)) if length else None)
                fake.asked.append(self.path)
                self._reply(
                    {"message": fake.refuses} if fake.refuses else fake.post(self.path), 500 if fake.refuses else 200
                )

            def _reply(self, found: Any, code: int = 200) -> None:
                body = json.dumps(found).encode()
                self.send_response(code if found is not None else 404)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

            def address_string(self) -> str:
                return "socket"

        self._server = _Server(str(path), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _find(self, path: str) -> dict[str, Any] | None:
        word = (re.search(r"/containers/([\w-]+)/", path) or [""] * 2)[1]
        return next((c for c in self.host.facts["docker"]["containers"] if word in (c["id"], c["name"])), None)

    def get(self, path: str) -> Any:
        if path.startswith("/containers/json"):
            return [
                {"Id": c["id"], "Names": [f"/{c['name']}"], "State": c["state"], "Status": "", "Image": "", "ImageID": "",
                 "Labels": c["labels"], "Ports": [],
                 "NetworkSettings": {"Networks": {name: {} for name in self.host.facts["inspected"][c["name"]]["networks"]}}}
                for c in self.host.facts["docker"]["containers"]
            ]  # fmt: skip
        if path.startswith("/networks"):
            return [{"Name": "mech-network", "Id": "1", "Labels": {"mech.managed": "pulumi"}, "Internal": False}]
        if path.startswith("/images"):
            return []
        found = self._find(path)
        if found is None:
            return None
        about = self.host.facts["inspected"][found["name"]]
        return {
            "Name": f"/{found['name']}", "HostConfig": {}, "RestartCount": 0,
            "State": {"Status": about["state"], "StartedAt": about["started"], "OOMKilled": False, "ExitCode": about["exit"],
                      **({"Health": {"Status": about["health"]}} if about["health"] else {})},
            "NetworkSettings": {"Networks": {name: {"Aliases": []} for name in about["networks"]}},
        }  # fmt: skip

    def post(self, path: str) -> Any:
        if path.startswith("/images/prune"):
            self.host.full(50)
            return {"SpaceReclaimed": 5_000_000_000}
        if path.endswith("/connect"):
            given = next(c for c in self.host.facts["docker"]["containers"] if c["id"] == self.bodies[-1]["Container"])
            self.host.facts["inspected"][given["name"]]["networks"] = ["mech-network"]
            return {}
        found = self._find(path)
        assert found
        health = "unhealthy" if found["name"] in self.stubborn else "healthy"
        self.host.is_(found["name"], "running", health=health, started="2026-01-01T12:00:00.5Z")
        return {}
