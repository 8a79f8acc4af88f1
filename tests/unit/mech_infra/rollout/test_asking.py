"""What the steps on the host ask: a real socket, and the kernel's table of connections."""

from __future__ import annotations

import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from mech_infra.rollout import asking

from .test_onhost import refused


def test_dockers_socket_is_asked_for_real(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, body = {"/gone": (404, b"{}"), "/no": (500, b'{"message": "no room"}')}.get(
                self.path.partition("?")[0], (200, b'{"a": 1}')
            )
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "docker"

        def log_message(self, *about: Any) -> None:
            pass

    path = str(tmp_path / "docker.sock")
    monkeypatch.setattr(asking, "SOCKET", path)
    assert "Docker does not answer on the host" in refused(capsys, lambda order: asking.docker("GET", "/a"))
    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert asking.docker("GET", "/a") == {"a": 1}
        assert asking.docker("GET", "/gone") is None
        assert 'Docker refuses GET /no: {"message": "no room"}' in refused(
            capsys, lambda order: asking.docker("GET", "/no?x=1")
        )
        server.shutdown()


def test_connections_are_counted_as_the_kernel_has_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert asking.connections({port}) == 0
        with socket.create_connection(("127.0.0.1", port)):
            assert asking.connections({port}) == 1
        assert asking.health(port, timeout=0.1)[0] == 0
