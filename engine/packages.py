"""Debian packages that the sandbox's machine side needs."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from engine.run import run

PACKAGES = (
    "mmdebstrap", "debian-archive-keyring", "nftables", "iptables", "iproute2", "dnsutils", "jq", "curl", "openssl",
    "openssh-client", "redis-server", "busybox-static", "netcat-openbsd", "ca-certificates", "git", "wget",
)  # fmt: skip


def missing(packages: tuple[str, ...] = PACKAGES) -> list[str]:
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    there = {line.split()[0] for line in answer.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in there]


def install(packages: list[str]) -> None:
    """Install with apt; no service of theirs is started on this machine. Raises SetupError."""
    env = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    advice = "Check that this machine's Debian mirror answers: apt-get update"
    run(["apt-get", "update", "-qq"], env=env, advice=advice)
    with tempfile.TemporaryDirectory(prefix="mech-apt-") as folder:
        # dpkg asks policy-rc.d whether a service may start; for this run the answer is no.
        policy = Path("/usr/sbin/policy-rc.d")
        ours = not policy.exists()
        if ours:
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        try:
            run(
                ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
                env=env,
                cwd=Path(folder),
                advice=advice,
            )
        finally:
            if ours:
                policy.unlink(missing_ok=True)
