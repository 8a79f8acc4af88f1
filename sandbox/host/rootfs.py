"""Builds, once, the Debian 12 system that every host boots from (read-only, shared by all of them)."""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.host import apt_source
from sandbox.host.model import HostError
from sandbox.host.run import shell
from sandbox.settings import Settings

Progress = Callable[[str], None]

PACKAGES = (
    # the system
    "systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "cron", "logrotate", "procps", "psmisc",
    "util-linux", "e2fsprogs", "kmod", "tzdata", "less", "nano", "vim-tiny", "rsync", "xz-utils", "python3-minimal",
    # the network
    "iproute2", "iputils-ping", "netcat-openbsd", "net-tools", "lsof", "curl", "jq", "dnsutils", "openssl",
    "ca-certificates",
    # what the platform's start-up script asks for: there, but not enabled
    "docker.io", "nginx", "ufw", "iptables",
    # what alerts from the host ask for (mech:alerts.onHost)
    "apprise",
    # what backups ask for (mech:backup)
    "restic",
)  # fmt: skip

_PREFIX = "rootfs-"
_KEPT_S = 24 * 3600  # a system that no host is on: a clone of another version may want it again
_MASKED = (
    "systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service", "systemd-timesyncd.service", "systemd-networkd.service",
    "systemd-networkd-wait-online.service", "systemd-resolved.service", "systemd-firstboot.service",
    "systemd-modules-load.service", "systemd-remount-fs.service", "systemd-machine-id-commit.service",
    "getty.target", "console-getty.service", "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "fstrim.timer", "dpkg-db-backup.timer", "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount", "proc-sys-fs-binfmt_misc.automount",
)  # fmt: skip

_UNWANTED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*",
             "/usr/share/lintian/*", "/usr/lib/udev/hwdb.d/*")  # fmt: skip


def recipe() -> str:
    """A hash of everything that decides what the system holds: another hash, another build."""
    text = "\n".join((*PACKAGES, *_finish(), *_UNWANTED, apt_source.SUITE, inspect.getsource(command)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def system(settings: Settings) -> Path:
    """The root file system of this recipe, whole once it is there; clones of several versions each have their own."""
    return settings.cache / f"{_PREFIX}{recipe()}"


def ready(settings: Settings) -> bool:
    """Whether the root file system of this recipe is there, whole."""
    return system(settings).exists()


def ensure(settings: Settings, progress: Progress) -> None:
    """Build the root file system unless it is there (about 1 min, 0.5 GB). Raises HostError.

    Another process that builds it is waited for; an interrupted build is begun anew.
    """
    final = system(settings)
    if ready(settings):
        os.utime(final)  # in use: not yet one to clear away
        return
    with _lock(settings.cache, progress):
        if ready(settings):
            return
        for left_over in settings.cache.glob("rootfs.building.*"):
            shutil.rmtree(left_over)
        _check_tools()
        building = Path(tempfile.mkdtemp(prefix="rootfs.building.", dir=settings.cache))
        try:
            _build(building, settings.cache / "rootfs.log", progress)
            building.chmod(0o755)
            os.utime(building)
            building.rename(final)
        finally:
            if building.exists():
                shutil.rmtree(building)
        _prune(settings)


def _finish() -> list[str]:
    """What runs in the new system, as root, after its packages are configured."""
    return shell(__file__, "finish", *_MASKED)


def command(target: Path, options: Path) -> list[str]:
    """The build as one command; the source lines are read from standard input."""
    return [
        # a mount namespace of its own: whatever kills the build, no mount stays
        "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc",
        "mmdebstrap", "--mode=root", "--variant=minbase", "--verbose", "--format=directory",
        f"--aptopt={options}",
        '--aptopt=Apt::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _UNWANTED),
        "--dpkgopt=path-include=/usr/share/locale/locale.alias",
        "--dpkgopt=force-unsafe-io",
        "--include=" + ",".join(PACKAGES),
        f'--customize-hook=chroot "$1" {shlex.join(_finish())}',
        apt_source.SUITE, str(target), "-",
    ]  # fmt: skip


def _build(target: Path, log: Path, progress: Progress) -> None:
    try:
        lines = apt_source.machine_sources()
    except apt_source.MirrorError as error:
        raise HostError(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="mech-rootfs-") as scratch:
        options = Path(scratch) / "apt.conf"
        apt_source.write_transport(options)
        with log.open("w") as record:
            process = subprocess.Popen(
                command(target, options),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            )
            assert process.stdin and process.stdout
            process.stdin.write("\n".join(lines) + "\n")
            process.stdin.close()
            try:
                meter = Meter()
                for line in process.stdout:
                    record.write(line)
                    said = meter.feed(line)
                    if said:
                        progress(said)
                code = process.wait()
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
    if code:
        tail = "".join(log.read_text(errors="replace").splitlines(keepends=True)[-8:])
        raise HostError(
            f"the hosts' system could not be built (mmdebstrap ended with {code}). The last lines of {log}:\n{tail}"
            "If a package could not be fetched, run `apt-get update` to see whether the mirror answers, "
            "then the same command again."
        )


class Meter:
    """Turns mmdebstrap's output into a line of progress now and then, with the time left by the work done so far."""

    _TOTAL = re.compile(r"(\d+) newly installed")
    _STEPS = (("Get:", 1.0), ("Unpacking ", 4.0), ("Setting up ", 4.0))

    def __init__(self, every: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._every = clock, every
        self._begin = self._last = clock()
        self._done = 0.0
        self._packages: list[int] = []

    def feed(self, line: str) -> str | None:
        """Take one line of output; return what to tell, if it is time to tell something."""
        total = self._TOTAL.search(line)
        if total:
            self._packages.append(int(total[1]))
        for word, weight in self._STEPS:
            if line.startswith(word):
                self._done += weight
        now = self._clock()
        if now - self._last < self._every:
            return None
        self._last = now
        whole = sum(self._packages) * sum(weight for _, weight in self._STEPS)
        # The essential packages come first, and how many follow is known only after them: no figure until then.
        if len(self._packages) < 2:
            return "hosts' system (Debian 12): fetching the first packages"
        share = min(self._done / whole, 0.99)
        left = (now - self._begin) * (1 - share) / share
        return f"hosts' system (Debian 12): {share:.0%}, about {max(left, 1):.0f} s left"


def _check_tools() -> None:
    missing = [tool for tool in ("mmdebstrap", "apt-get", "unshare") if shutil.which(tool) is None]
    if missing:
        raise HostError(
            f"cannot build the hosts' system: {', '.join(missing)} not found. "
            "Install it: apt-get install -y mmdebstrap debian-archive-keyring util-linux"
        )


def _prune(settings: Settings) -> None:
    # A host stays on the system it was created from: its disk holds only the differences.
    used = {system(settings).name}
    for note in settings.state.parent.glob(f"*/{settings.hosts.name}/*/system"):
        used.add(note.read_text().strip())
    for other in settings.cache.glob(f"{_PREFIX}*"):
        if other.name not in used and time.time() - other.stat().st_mtime > _KEPT_S:
            shutil.rmtree(other, ignore_errors=True)


@contextmanager
def _lock(folder: Path, progress: Progress) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "rootfs.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("hosts' system: another process is building it; waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    from sandbox.settings import load

    ensure(load(), lambda line: print(line, file=sys.stderr, flush=True))
