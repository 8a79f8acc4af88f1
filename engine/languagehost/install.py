"""Puts the host beside the CLI: links are resolved there, and PATH warnings avoided (findings §1)."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from engine import cli
from engine.paths import VENV, binaries

EXECUTOR = "pulumi-language-python-exec"
DYNAMIC = "pulumi-resource-pulumi-python"
_SHEBANG = "#!/bin/sh\n"


def ensure() -> bool:
    """Install the host beside our own CLI; True if something changed. An official CLI brings its own."""
    if not cli.own_build():
        return False
    folder = binaries()
    server = folder / "languagehost.py"
    source = Path(__file__).with_name("server.py").read_text()
    launcher = _launcher(VENV / "bin" / "python", server)
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


def _launcher(python: Path, server: Path) -> str:
    values = f"MECH_PYTHON={shlex.quote(str(python))} MECH_SERVER={shlex.quote(str(server))}\n"
    return _SHEBANG + values + Path(__file__).with_name("launcher.sh").read_text().removeprefix(_SHEBANG)


def _place(path: Path, text: str) -> None:
    staged = path.with_name(path.name + ".new")
    staged.unlink(missing_ok=True)
    staged.write_text(text)
    staged.chmod(0o755)
    shutil.move(staged, path)
