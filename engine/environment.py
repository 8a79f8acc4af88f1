"""The Python environment in .venv, exactly as requirements.lock has it, and what `activate` sets."""

from __future__ import annotations

import compileall
import hashlib
import os
import shutil
import sys
import tomllib
from pathlib import Path

from engine.paths import REPO, VENV, binaries, cache, pulumi_home
from engine.run import locked, run

UV = "uv==0.13.9"
_OURS = ("mech_infra", "mech_ops", "policies", "sandbox")
_AT_ONCE = 16
_HOOK = '\n# Mech: the engine and the stack that `make up` set up.\n. "$VIRTUAL_ENV/bin/mech-env.sh"\n'


def ready() -> bool:
    stamp = VENV / "mech-lock"
    return stamp.exists() and stamp.read_text() == _lock_hash()


def ensure() -> bool:
    """Make or bring up to date .venv; True if something was done. Raises SetupError."""
    compile_ours()
    if ready():
        write_environment()
        return False
    tool = uv()
    with locked(cache() / "venv.lock"):
        if not (VENV / "bin" / "python").exists():
            run([tool, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(VENV)])
        run(
            # Compiled once here: where Python may not write bytecode, each `pulumi preview` takes 4 s longer.
            [tool, "pip", "sync", "--quiet", "--compile-bytecode", "--python", str(VENV / "bin" / "python"), "--require-hashes",
             str(REPO / "requirements.lock")],
            advice="Check that the Python package index answers, then run the same command again.",
        )  # fmt: skip
        _link_project()
        write_environment()
        (VENV / "mech-lock").write_text(_lock_hash())
    return True


def compile_ours(repo: Path = REPO) -> None:
    """What runs from the sources, as the libraries are: Python takes a file that changed since as if it were not compiled."""
    for folder in _OURS:
        # One that cannot be written, or has a mistake in it, is for who imports it to tell.
        compileall.compile_dir(repo / folder, quiet=2)


def write_environment() -> None:
    """bin/mech-env.sh, and the line of bin/activate that reads it."""
    own = (binaries() / "pulumi").exists()
    lines = [
        "# Written by `python3 -m engine`: where Pulumi is and what it must not try.",
        # One of the user's own is kept; one that another clone's `activate` set is not.
        'if [ -z "${PULUMI_HOME:-}" ] || [ "$PULUMI_HOME" = "${MECH_PULUMI_HOME:-}" ]; then',
        f'  export PULUMI_HOME="{pulumi_home()}" MECH_PULUMI_HOME="{pulumi_home()}"',
        "fi",
        "export PULUMI_SKIP_UPDATE_CHECK=true",
        # On two cores Pulumi does eight things at once, and what it reads of hosts and clouds waits for others, not for a core.
        f'export PULUMI_PARALLEL="${{PULUMI_PARALLEL:-{max(_AT_ONCE, 4 * (os.cpu_count() or 1))}}}"',
        # Plugins come from the plugins folder; a machine without internet would only wait for time-outs.
        *(["export PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true"] if own else []),
        *([f'export PATH="{binaries()}:$PATH"'] if own else []),
        f'for _mech in "{VENV}"/mech-env.d/*.sh; do [ -r "$_mech" ] && . "$_mech"; done; unset _mech',
    ]
    _write(VENV / "bin" / "mech-env.sh", "\n".join(lines) + "\n")
    activate = VENV / "bin" / "activate"
    text = activate.read_text()
    if _HOOK not in text:
        _write(activate, text + _HOOK)


def uv() -> Path:
    """Where the pinned uv is; got once. Raises SetupError."""
    tools = cache() / "tools" / UV.replace("==", "-")
    found = tools / "bin" / "uv"
    if not found.exists():
        shutil.rmtree(tools, ignore_errors=True)
        staged = tools.with_name(tools.name + ".new")
        shutil.rmtree(staged, ignore_errors=True)
        run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "--root-user-action=ignore", "--target", str(staged), UV],
            advice="pip is needed once: apt-get install -y python3-pip",
        )  # fmt: skip
        staged.rename(tools)
    return found


def _link_project() -> None:
    """What an editable install does, without a build: a path file, the entry points, the `mech` command."""
    site = next((VENV / "lib").glob("python3.*/site-packages"))
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    _write(site / "mech_infra_repo.pth", f"{REPO}\n")
    info = site / f"mech_infra-{project['version']}.dist-info"
    for other in set(site.glob("mech_infra-*.dist-info")) - {info}:
        shutil.rmtree(other)  # of another version: it would plug in its commands, too
    info.mkdir(exist_ok=True)
    _write(info / "METADATA", f"Metadata-Version: 2.1\nName: mech-infra\nVersion: {project['version']}\n")
    _write(info / "INSTALLER", "mech-engine\n")
    groups = {"console_scripts": project["scripts"], **project.get("entry-points", {})}
    _write(
        info / "entry_points.txt",
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items()) + "\n"
            for group, entries in groups.items()
        ),
    )
    for name, target in project["scripts"].items():
        module, _, function = target.partition(":")
        script = VENV / "bin" / name
        _write(
            script, f"#!{VENV}/bin/python\nimport sys\n\nfrom {module} import {function}\n\nsys.exit({function}())\n"
        )
        script.chmod(0o755)
    written = [info / name for name in ("METADATA", "INSTALLER", "entry_points.txt")] + [site / "mech_infra_repo.pth"]
    _write(info / "RECORD", "".join(f"{path.relative_to(site)},,\n" for path in [*written, info / "RECORD"]))


def _lock_hash() -> str:
    parts = [(REPO / name).read_bytes() for name in ("requirements.lock", "pyproject.toml")]
    return hashlib.sha256(b"\0".join([*parts, Path(__file__).read_bytes(), str(REPO).encode()])).hexdigest()


def _write(path: Path, text: str) -> None:
    staged = path.with_name(f".{path.name}.new")
    staged.write_text(text)
    if path.exists():
        staged.chmod(path.stat().st_mode & 0o777)
    staged.replace(path)
