"""A host beside the platform's, with Docker and restic, that is there for one module."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox import host, internet
from sandbox.host import HostSpec
from sandbox.settings import Settings

ID = "11111111-2222-3333-4444-666666666666"
ADDRESS = 101


class Host:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._key = internet.ensure_home(settings)
        script = "#!/bin/sh\nsystemctl enable --now docker.service\n"
        public = self._key.with_suffix(".pub").read_text()
        host.create(settings, HostSpec(ID, "lone", settings.address(ADDRESS), 10, [public], script, "pw"))

    def run(self, line: str, text: str = "") -> subprocess.CompletedProcess[str]:
        argv = ["ssh", "-i", str(self._key), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=10",
                f"root@{self.settings.address(ADDRESS)}", line]  # fmt: skip
        return subprocess.run(argv, capture_output=True, text=True, input=text, timeout=180, check=False)

    def well(self, line: str, text: str = "") -> str:
        done = self.run(line, text)
        assert done.returncode == 0, f"{line!r}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stdout.strip()


@contextmanager
def lone(settings: Settings) -> Iterator[Host]:
    """The host, while it is needed; its Docker answers."""
    try:
        made = Host(settings)
        made.well("timeout 60 sh -c 'until docker info; do sleep 0.2; done'")
        yield made
    finally:
        host.destroy(settings, ID)
