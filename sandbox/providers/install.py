"""Put the stand-in plugins where the Pulumi CLI looks, except where the official one already is."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# The versions the Python SDKs ask for (pyproject.toml); the engine looks for exactly these folders.
VERSIONS = {"docker": "5.2.0", "command": "1.2.1", "cloudflare": "6.23.1", "vultr": "2.27.1"}
MARKER = "mech-stand-in"  # a file that says "this plugin is ours, replace it freely"
_ROOT = Path(__file__).resolve().parents[2]


def folder(pulumi_home: Path, name: str, version: str | None = None) -> Path:
    return pulumi_home / "plugins" / f"resource-{name}-v{version or VERSIONS[name]}"


def launcher(root: Path, name: str) -> str:
    """A shell script that runs the stand-in of the activated clone, else of the clone at `root`, which installed it.

    The plugins folder is shared by all clones on a machine, so it must not matter which of them wrote the script, nor
    whether that one is still there. `exec` keeps the engine as the plugin's parent, by which it knows when to leave.
    """
    return _LAUNCHER.format(name=name, root=shlex.quote(str(root)))


_OURS = "#!/bin/sh\n# Stand-in for the official Pulumi plugin, made by `mech sandbox`; see sandbox/providers/.\n"
_LAUNCHER = (
    _OURS
    + """installed={root}
for root in "${{VIRTUAL_ENV%/.venv}}" "$installed"; do
  if [ -x "$root/.venv/bin/python" ] && [ -f "$root/sandbox/providers/{name}/__main__.py" ]; then
    PYTHONPATH=$root
    export PYTHONPATH
    exec "$root/.venv/bin/python" -P -m sandbox.providers.{name} "$@"
  fi
done
echo "the stand-in for the {name} plugin has no clone to run from ($installed is gone): . .venv/bin/activate" >&2
exit 1
"""
)


@dataclass(frozen=True)
class Plugin:
    """What the engine takes when a program asks for this plugin."""

    name: str
    version: str  # the one that the Python SDK asks for
    kind: Literal["official", "stand-in", "missing"]
    on_path: Path | None  # the folder on PATH that it is taken from, else None: the plugins folder


def found(pulumi_home: Path) -> list[Plugin]:
    """The four plugins. As the engine does, a plugin on PATH is taken before the one in the plugins folder."""
    plugins = []
    for name, version in VERSIONS.items():
        place = folder(pulumi_home, name)
        ambient = None if os.environ.get("PULUMI_IGNORE_AMBIENT_PLUGINS") else shutil.which(f"pulumi-resource-{name}")
        if ambient:
            plugins.append(Plugin(name, version, "official", Path(ambient).parent))
        elif not _program(place, name).exists():
            plugins.append(Plugin(name, version, "missing", None))
        else:
            plugins.append(Plugin(name, version, "stand-in" if _ours(place, name) else "official", None))
    return plugins


def _program(place: Path, name: str) -> Path:
    return place / f"pulumi-resource-{name}"


def _ours(place: Path, name: str) -> bool:
    """An official program that was copied over ours, marker and all, is not ours."""
    with contextlib.suppress(FileNotFoundError), _program(place, name).open("rb") as program:
        return (place / MARKER).is_file() and program.read(len(_OURS)) == _OURS.encode()
    return False


def install(pulumi_home: Path, progress: Callable[[str], None] = lambda text: None) -> list[str]:
    """Install all four; returns the names installed now. Safe to call again: it rewrites only what differs.

    Raises OSError when the folder cannot be written.
    """
    done = []
    for name, version in VERSIONS.items():
        place = folder(pulumi_home, name, version)
        program = _program(place, name)
        if program.exists() and not _ours(place, name):
            (place / MARKER).unlink(missing_ok=True)
            progress(f"plugin {name} {version}: the official one is installed, kept")
            continue
        text = launcher(_ROOT, name)
        if program.exists() and program.read_text() == text:
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


def default_home() -> Path:
    """PULUMI_HOME as the CLI sees it."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
