"""The real Pulumi CLI: an installed one that fits, else the official release, else built from the Go module proxy."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from engine import golang
from engine.paths import REPO, VERSION, binaries, cache
from engine.run import SetupError, locked, run

MODULE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK = "github.com/pulumi/pulumi/sdk/v3"
RELEASES = "https://get.pulumi.com/releases/sdk"
# One set of flags for good: another one compiles all anew. Without -X, `pulumi version` prints nothing.
LDFLAGS = f"-s -w -X {SDK}/go/common/version.Version=v{VERSION}"
PACKAGES = 1685  # `go list -deps MODULE | wc -l`; only the estimate of the time left depends on it

Progress = Callable[[str], None]


def fits(version: str) -> bool:
    """Whether an installed CLI speaks the protocol of our SDK: the same major, and not older."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    if not match:
        return False
    found, wanted = tuple(map(int, match.groups())), tuple(map(int, VERSION.split(".")))
    return found[0] == wanted[0] and found >= wanted


def installed() -> Path | None:
    """A fitting `pulumi` with its Python language host beside it, that is not ours."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), str(Path.home() / ".pulumi" / "bin")]
    for folder in folders:
        path = Path(folder) / "pulumi"
        if Path(folder) == binaries() or not path.exists() or not (Path(folder) / "pulumi-language-python").exists():
            continue
        if fits(subprocess.run([path, "version"], capture_output=True, text=True, check=False).stdout):
            return path
    return None


def ensure(progress: Progress) -> str:
    """Have a CLI; returns how it was had: installed, cached, downloaded or built. Raises SetupError."""
    if installed():
        return "installed"
    with locked(cache() / "cli.lock"):
        ours = binaries() / "pulumi"
        if ours.exists() and (binaries() / "version").exists() and (binaries() / "version").read_text() == VERSION:
            return "cached"
        binaries().mkdir(parents=True, exist_ok=True)
        how = "downloaded" if _download(progress) else "built"
        if how == "built":
            _build(progress)
        (binaries() / "version").write_text(VERSION)
        return how


def own_build() -> bool:
    return (binaries() / "pulumi").exists() and not (binaries() / "official").exists()


def _download(progress: Progress) -> bool:
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    name = f"pulumi-v{VERSION}-linux-{machine}.tar.gz"
    try:
        sums = urllib.request.urlopen(f"{RELEASES}/pulumi-{VERSION}-checksums.txt", timeout=5).read().decode()  # noqa: S310
    except OSError:
        progress("the official release cannot be reached from here; building from source")
        return False
    wanted = checksum(sums, name)
    archive = cache() / name
    try:
        progress(f"fetching {name}")
        with urllib.request.urlopen(f"{RELEASES}/{name}", timeout=60) as answer, archive.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(answer, file)
    except OSError as error:
        progress(f"the official release broke off ({error}); building from source")
        return False
    if hashlib.sha256(archive.read_bytes()).hexdigest() != wanted:
        archive.unlink()
        raise SetupError(f"{name} does not have the checksum that Pulumi publishes; it was removed. Run this again.")
    with tarfile.open(archive) as content:
        for member in content.getmembers():
            if member.isfile():
                member.name = Path(member.name).name
                content.extract(member, binaries(), filter="data")
    archive.unlink()
    (binaries() / "official").touch()
    return True


def checksum(sums: str, name: str) -> str:
    """The SHA-256 of `name` in a checksums file. Raises SetupError when it is not listed."""
    for line in sums.splitlines():
        digest, _, file = line.strip().partition("  ")
        if file == name:
            return digest
    raise SetupError(f"Pulumi's checksums do not list {name}; install the Pulumi CLI {VERSION} yourself")


def environment() -> dict[str, str]:
    """Go's environment for the build: its own caches, nothing downloaded that go.sum does not name."""
    go = cache() / "go"
    return {
        "GOMODCACHE": str(go / "mod"), "GOCACHE": str(go / "build"), "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
        "GOFLAGS": "-buildvcs=false -mod=readonly",
    }  # fmt: skip


def _build(progress: Progress) -> None:
    go = golang.ensure()
    staged = binaries() / "pulumi.new"
    meter = Meter(PACKAGES)
    run(
        [go, "build", "-v", "-ldflags", LDFLAGS, "-o", staged, MODULE],
        cwd=REPO / "engine" / "cli", env=environment(),
        advice="Check that the Go module proxy answers (go env GOPROXY), then run the same command again.",
        line=lambda text: meter.feed(text, progress),
    )  # fmt: skip
    staged.replace(binaries() / "pulumi")


def module_folder() -> Path:
    """The SDK's module in Go's cache (fetched if it is not there): it holds the Python executor."""
    go = golang.ensure()
    answer = run([go, "mod", "download", "-json", SDK], cwd=REPO / "engine" / "cli", env=environment())
    # What Go says of the download comes before.
    return Path(json.loads(answer[answer.index("{") :])["Dir"])


class Meter:
    """Progress of `go build -v`, a line each 10 s: what share is compiled, and how long the rest takes at this pace."""

    def __init__(self, total: int, every: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._every, self._clock = total, every, clock
        self._begin = self._last = clock()
        self._done = 0

    def feed(self, line: str, progress: Progress) -> None:
        # Downloads are told as "go: downloading …"; compiled packages as their import path.
        if not line.startswith("go: ") and " " not in line:
            self._done += 1
        now = self._clock()
        if now - self._last < self._every:
            return
        self._last = now
        if self._done < 20:
            progress("Pulumi CLI: fetching modules")
            return
        share = min(self._done / self._total, 0.99)
        left = (now - self._begin) * (1 - share) / share
        progress(f"Pulumi CLI: {share:.0%} compiled, about {left / 60:.0f} min {left % 60:02.0f} s left")
