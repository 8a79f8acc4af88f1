"""Puts the host beside the CLI: links are resolved there, and PATH warnings avoided (findings §1)."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine import cli
from engine.paths import VENV, binaries

EXECUTOR = "pulumi-language-python-exec"
DYNAMIC = "pulumi-resource-pulumi-python"
_LAUNCHER = """#!/bin/sh
# Written by `python3 -m engine`. Any environment with the pulumi package will do; the last set-up's is the first choice.
for python in "$VIRTUAL_ENV/bin/python" "{python}"; do
  [ -x "$python" ] && exec "$python" -u "{server}" "$@"
done
echo "pulumi-language-python: {python} is gone; run make up again" >&2
exit 1
"""


def ensure() -> bool:
    """Install the host beside our own CLI; True if something changed. An official CLI brings its own."""
    if not cli.own_build():
        return False
    folder = binaries()
    server = folder / "languagehost.py"
    source = Path(__file__).with_name("server.py").read_text()
    launcher = _LAUNCHER.format(python=VENV / "bin" / "python", server=server)
    host = folder / "pulumi-language-python"
    current = host.exists() and host.read_text() == launcher and server.exists() and server.read_text() == source
    if current and (folder / EXECUTOR).exists() and (folder / DYNAMIC).exists():
        return False
    module = cli.module_folder()
    for name, origin in ((EXECUTOR, "python/cmd"), (DYNAMIC, "python/dist")):
        _place(folder / name, (module / origin / name).read_text())
    _place(server, source)
    _place(host, launcher)
    return True


def _place(path: Path, text: str) -> None:
    staged = path.with_name(path.name + ".new")
    staged.unlink(missing_ok=True)
    staged.write_text(text)
    staged.chmod(0o755)
    shutil.move(staged, path)
