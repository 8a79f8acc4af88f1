"""Today's program as a plan on what a release left: the real engine and the stand-ins of the plugins, without a platform.

Nothing is refreshed, since there is nobody to be asked: the plan goes by what the release noted. What the program asks the
clouds before it declares anything gets the answer that the release got. An ssh that reaches nobody stands before the real one.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from engine.paths import VENV, binaries
from mech_infra.config import keypair
from mech_ops import pulumi
from mech_ops.drift import events
from sandbox.providers import install
from sandbox.stack_env import PASSPHRASE
from tests import programs
from tests.upgrade.releases import STACK, Release

PATH = f"{binaries()}:{os.environ['PATH']}"
_LIMIT_S = 240  # at idle priority, beside others
_KEY = "::host-key"


@dataclass(frozen=True)
class Plan:
    preview: events.Preview
    code: int
    said: str  # on standard error


@contextmanager
def clouds(answers: Mapping[str, Any]) -> Iterator[str]:
    """Both clouds' APIs, answering what the release heard; what it did not ask is not there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            body = json.dumps(found or {"error": f"{self.path} was not asked"}).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Left:
    """A stack as a release left it, in a backend of its own; `plan` may be asked for any number of programs."""

    def __init__(self, release: Release, folder: Path, url: str, state: str | None = None) -> None:
        """`url`: where `clouds` answers; `state`: another one than the release's. Raises AssertionError."""
        self.release, self._folder = release, folder
        for name in ("state", "ssh", "bin", "import"):
            (folder / name).mkdir()
        (folder / "bin" / "ssh").write_text("#!/bin/sh\nexit 255\n")
        (folder / "bin" / "ssh").chmod(0o755)
        install.install(folder / "home")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "MECH_"))}
        self._env = {
            **kept, "PATH": f"{folder / 'bin'}:{PATH}", "PULUMI_HOME": str(folder / "home"),
            "VIRTUAL_ENV": str(VENV), "PULUMI_BACKEND_URL": f"file://{folder / 'state'}", "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true", "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
            "MECH_SSH_DIR": str(folder / "ssh"), "VULTR_API_KEY": "x", "CLOUDFLARE_API_TOKEN": "x",
            "MECH_VULTR_URL": url, "CLOUDFLARE_BASE_URL": url,
        }  # fmt: skip
        programs.copy(folder / "import", release.config)
        self._run(folder / "import", pulumi.init_command(STACK))
        self._run(folder / "import", pulumi.import_command(STACK), self._with_our_key(state or release.state))

    def plan(self, edits: Iterable[programs.Edit] = (), config: Mapping[str, Any] | None = None) -> Plan:
        """What `pulumi up` of the program with these edits would do, by its preview."""
        folder = self._folder / f"program-{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        programs.copy(folder, self.release.config, edits, config)
        argv = [*pulumi.preview_command(STACK), "--refresh=false"]
        done = self._run(folder, argv, check=False)
        return Plan(events.read(done.stdout.splitlines()), done.returncode, done.stderr)

    def _with_our_key(self, state: str) -> str:
        """The private key that the release ran with is gone: its public one is another one now, wherever it stands."""
        private = self._folder / "ssh" / "vultr_mech_machines"
        keypair.make(private)
        public = private.with_suffix(".pub")
        kind, ours, _ = public.read_text().split()
        [key] = [one for urn, one in self.release.resources.items() if urn.endswith(_KEY)]
        _, theirs, comment = key["inputs"]["sshKey"].split()
        public.write_text(f"{kind} {ours} {comment}\n")
        return state.replace(theirs, ours)

    def _run(
        self, folder: Path, argv: list[str], text: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            argv, cwd=folder, env=self._env, input=text, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
        assert not check or not done.returncode, done.stdout + done.stderr
        return done
