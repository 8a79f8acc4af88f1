"""Put the stand-in plugins where the Pulumi CLI looks, except where the official one already is."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

from sandbox.settings import Settings

# The versions the Python SDKs ask for (pyproject.toml); the engine looks for exactly these folders.
VERSIONS = {"docker": "5.2.0", "command": "1.2.1", "cloudflare": "6.23.1", "vultr": "2.27.1"}
MARKER = "mech-stand-in"  # a file that says "this plugin is ours, replace it freely"
_ROOT = Path(__file__).resolve().parents[2]


def folder(pulumi_home: Path, name: str, version: str | None = None) -> Path:
    return pulumi_home / "plugins" / f"resource-{name}-v{version or VERSIONS[name]}"


def is_stand_in(pulumi_home: Path, name: str) -> bool:
    """True when the plugin there is ours."""
    return (folder(pulumi_home, name) / MARKER).is_file()


def launcher(python: Path, root: Path, name: str) -> str:
    """A shell script: `exec` keeps the engine as the plugin's parent, by which it knows when to leave."""
    return (
        "#!/bin/sh\n"
        "# Stand-in for the official Pulumi plugin, made by `mech sandbox`; see sandbox/providers/.\n"
        f"PYTHONPATH={shlex.quote(str(root))}\n"
        "export PYTHONPATH\n"
        f'exec {shlex.quote(str(python))} -P -m sandbox.providers.{name} "$@"\n'
    )


def install(
    settings: Settings, pulumi_home: Path, repo_python: Path, progress: Callable[[str], None] = lambda text: None
) -> list[str]:
    """Install all four; returns the names installed now. Safe to call again: it rewrites only what differs.

    `repo_python` is the interpreter of the repository's .venv. Raises OSError when the folder cannot be written.
    """
    done = []
    for name, version in VERSIONS.items():
        place = folder(pulumi_home, name, version)
        program = place / f"pulumi-resource-{name}"
        if program.exists() and not (place / MARKER).is_file():
            progress(f"plugin {name} {version}: the official one is installed, kept")
            continue
        text = launcher(repo_python, _ROOT, name)
        if program.is_file() and program.read_text() == text:
            continue
        place.mkdir(parents=True, exist_ok=True)
        (place / MARKER).write_text(json.dumps({"name": name, "version": version, "root": str(_ROOT)}) + "\n")
        # Written beside and renamed: a running engine never sees half a file.
        fresh = place / f".{program.name}.new"
        fresh.write_text(text)
        fresh.chmod(0o755)
        fresh.replace(program)
        # The CLI takes a folder with this file beside it for a download that never finished.
        partial = place.with_name(place.name + ".partial")
        partial.unlink(missing_ok=True)
        progress(f"plugin {name} {version}: stand-in installed")
        done.append(name)
    return done


def uninstall(pulumi_home: Path) -> list[str]:
    """Remove our plugins only; returns the names removed."""
    removed = []
    for place in sorted((pulumi_home / "plugins").glob("resource-*-v*")):
        if not (place / MARKER).is_file():
            continue
        for entry in place.iterdir():
            entry.unlink()
        place.rmdir()
        matched = re.fullmatch(r"resource-(.+)-v[^-]+", place.name)
        removed.append(matched.group(1) if matched else place.name)
    return removed


def default_home() -> Path:
    """PULUMI_HOME as the CLI sees it."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
