"""`mech watch` and `mech serve`: the diagnosis again and again, in a terminal or as a page on this machine's loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rich.console import Console, Group
from rich.live import Live

from mech_ops.diagnosis import page, report
from mech_ops.diagnosis.ranking import Diagnosis
from mech_ops.errors import OK, OpsError

Again = Callable[[], Diagnosis]
"""Looks once more. Raises OpsError."""

_ADDRESS = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost")


def watch(again: Again, every_s: float, console: Console, rounds: int | None = None) -> int:
    """Show each diagnosis as it comes, until Ctrl-C or after so many; returns the last one's exit code.

    A look that fails is shown in its place: the next one may work.
    """
    code, number = OK, 0
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        try:
            while rounds is None or number < rounds:
                number += 1
                shown, code = _one(again, code)
                live.update(
                    Group(shown, "", f"[dim]looked at {time.strftime('%H:%M:%S')}; again in {every_s:g} s[/]"),
                    refresh=True,
                )
                if rounds is None or number < rounds:
                    time.sleep(every_s)
        except KeyboardInterrupt:
            pass
    return code


def _one(again: Again, before: int) -> tuple[Group, int]:
    try:
        found = again()
    except OpsError as error:
        return Group(f"[red]could not look:[/] {error}"), before
    return report.text(found), found.exit_code


class Board:
    """The newest diagnosis as a page and as JSON, for who asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._page, self._json = "<p>looking …</p>", "{}"

    def put(self, found: Diagnosis) -> None:
        made, data = page.page(found), report.as_json(found)
        with self._lock:
            self._page, self._json = made, data

    def answer(self, path: str) -> tuple[str, str] | None:
        """(type, text); None where there is nothing."""
        with self._lock:
            return {
                "/": ("text/html; charset=utf-8", self._page),
                "/diagnosis.json": ("application/json", self._json),
            }.get(path)


def server(board: Board, port: int, every_s: float) -> ThreadingHTTPServer:
    """Answers on the loopback only, and only who asks for it by that name: no other page may read it through a name of its own.

    Raises OpsError where the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Host", "").rpartition(":")[0] not in _NAMES:
                self.send_error(403)
                return
            found = board.answer(self.path)
            if found is None:
                self.send_error(404)
                return
            body = found[1].encode()
            self.send_response(200)
            self.send_header("Content-Type", found[0])
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Refresh", f"{every_s:g}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    try:
        return ThreadingHTTPServer((_ADDRESS, port), Handler)
    except OSError as error:
        raise OpsError(f"{_ADDRESS}:{port} cannot be used: {error.strerror}; --port takes another one") from None


def serve(again: Again, port: int, every_s: float, console: Console) -> None:
    """Until Ctrl-C. Raises OpsError where it cannot begin."""
    board = Board()
    board.put(again())
    with server(board, port, every_s) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        console.print(
            f"http://{_ADDRESS}:{listening.server_port}/ looks again every {every_s:g} s; Ctrl-C ends it", markup=False
        )
        try:
            while True:
                time.sleep(every_s)
                try:
                    board.put(again())
                except OpsError as error:
                    console.print(f"could not look: {error}", markup=False)
        except KeyboardInterrupt:
            listening.shutdown()
