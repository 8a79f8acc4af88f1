"""A host that is a folder: commands run for real on files of its own, and what would touch a machine notes its argv."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

# None of them is ever the machine's own.
FAKED = (
    "apt-get", "blkid", "chown", "ctr", "curl", "dd", "df", "docker", "dpkg", "findmnt", "ip", "iptables", "journalctl", "mkfs.ext4", "mount",
    "mountpoint", "nginx", "sleep", "ssh-keyscan", "sysctl", "systemctl", "systemd-run", "ufw", "umount",
)  # fmt: skip
# Paths of the host that are in the folder; what is only read (/proc, /dev/stdin) is the machine's.
_MOVED = re.compile(r"(?<![\w.$}*])/(etc|opt|var|usr/local|dev/disk)(?=/)")


class Rig:
    """`fake` says how a command answers, `run` runs a text as ssh would; `calls` is what was called, in order."""

    def __init__(self, root: Path) -> None:
        self.root, self.bin, self._log = root / "host", root / "bin", root / "calls"
        for folder in (self.bin, self.root / "etc/systemd/system", self.root / "usr/local/sbin"):
            folder.mkdir(parents=True)
        self._log.touch()
        for name in FAKED:
            self.fake(name)

    def fake(self, name: str, body: str = "") -> None:
        """A command of the host: notes its words, then does `body` (POSIX shell; `$host` is the folder)."""
        path = self.bin / name
        noted = f'echo "{name} $*" >>{self._log}'
        path.write_text("\n".join(["#!/bin/sh", f"host={self.root}", noted, self.moved(body), ""]))
        path.chmod(0o755)

    def run(
        self, text: str, stdin: str = "", shell: str = "bash", check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Root's login shell on the host is bash; what runs on our side runs by sh."""
        done = subprocess.run(
            [shell, "-c", self.moved(text)], input=self.moved(stdin), capture_output=True, text=True, check=False, timeout=60,
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.root), **variables},
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done

    def moved(self, text: str) -> str:
        return _MOVED.sub(rf"{self.root}/\1", text)

    def path(self, path: str) -> Path:
        return Path(self.moved(path))

    def write(self, path: str, text: str) -> None:
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(text)

    def read(self, path: str) -> str:
        return self.path(path).read_text()

    def mode(self, path: str) -> str:
        return oct(stat.S_IMODE(self.path(path).stat().st_mode))[2:]

    @property
    def calls(self) -> list[str]:
        """With the host's own paths."""
        return self._log.read_text().replace(str(self.root), "").splitlines()

    def called(self, pattern: str) -> list[str]:
        return [call for call in self.calls if re.search(pattern, call)]

    def forget(self) -> None:
        self._log.write_text("")
