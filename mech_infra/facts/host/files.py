"""Files that the platform writes: text, mode and owner."""

from __future__ import annotations

import glob
import hashlib
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_infra import catalogue
from mech_infra.commands import boot, nginx, redis, rollout
from mech_infra.facts.host.program import reads
from mech_infra.facts.model import Check, Facts

_OURS = [
    f"{catalogue.SERVICES_ROOT}/*/.env", redis.CONFIG, "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*", nginx.LOGROTATE,
    nginx.KEY, f"{nginx.FLAGS}/*", *rollout.FILES, "/usr/local/sbin/mech-*", "/etc/systemd/system/mech-*",
    "/etc/systemd/system/docker.service.d/*-mech-*.conf", boot.SSHD, "/etc/mech/alerts/*", "/etc/mech/backup/*",
]  # fmt: skip


@reads(patterns=_OURS)
def files(patterns: list[str]) -> dict[str, Any]:
    found = {}
    for path in [Path(path) for pattern in patterns for path in glob.glob(pattern)]:  # noqa: PTH207 - absolute
        try:
            about = path.stat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            continue
        try:
            owner = pwd.getpwuid(about.st_uid).pw_name
        except KeyError:
            owner = str(about.st_uid)
        found[str(path)] = {"sha256": digest, "mode": f"{about.st_mode & 0o7777:o}", "owner": owner}
    return found


@dataclass(frozen=True)
class File(Check, kind="file", reads=["files"]):
    """Root's, with this mode (octal) and text, of which only the hash is kept; None where it is made on the host."""

    path: str
    mode: str
    sha256: Any = None  # an Output where the text names something that is only known once it is made

    @property
    def label(self) -> str:
        return self.path

    @property
    def good(self) -> str:
        return f"{self.mode} root" if self.sha256 is None else f"unchanged, {self.mode} root"

    def judge(self, facts: Facts) -> str | None:
        about = facts["files"].get(self.path)
        if about is None:
            return "missing"
        wrong = ["edited"] if self.sha256 not in (None, about["sha256"]) else []
        wrong += [f"mode {about['mode']}"] if about["mode"] != self.mode else []
        return ", ".join(wrong + ([f"owner {about['owner']}"] if about["owner"] != "root" else [])) or None


def file(path: str, text: str, mode: str = "644") -> File:
    return File(path, mode, sha256(text))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
