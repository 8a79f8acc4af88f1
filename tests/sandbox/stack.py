"""One stack in one sandbox of its own, driven by the real CLI; what the tests of the whole platform share."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox import internet, official, stack_env, steps
from sandbox.credentials import load as credentials
from sandbox.providers import install
from sandbox.settings import Settings, load

REPO = Path(__file__).resolve().parents[2]
STACK = "sandbox"


def own(what: str) -> str:
    """The name of a sandbox of this clone's: two clones on a machine can test side by side. Short: a host's socket has it in its path."""
    return f"test-{what}-{hashlib.sha256(str(REPO).encode()).hexdigest()[:6]}"


@dataclass
class Stack:
    settings: Settings
    folder: Path = REPO  # where Pulumi.yaml and the stack's config are

    @property
    def env(self) -> dict[str, str]:
        own = {"MECH_SANDBOX": self.settings.name, **stack_env.variables(self.settings)}
        if any(
            plugin.name == "vultr" and plugin.kind == "official" for plugin in install.found(install.default_home())
        ):
            own["PATH"] = f"{official.folder(self.settings)}:{os.environ['PATH']}"
        return {
            **os.environ,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **own,
        }

    def start(self) -> None:
        steps.up(self.settings, print)
        stack_env.prepare(self.settings)
        self.pulumi("stack", "select", "--create", STACK, stack=False)

    def pulumi(
        self, *arguments: str, stack: bool = True, check: bool = True, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        argv = ["pulumi", *arguments, *(["--stack", STACK] if stack else []), "--non-interactive"]
        done = subprocess.run(
            argv, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(argv)}: {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}")
        return done

    def up(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.pulumi("up", "--yes", "--suppress-permalink=true", *arguments, check=check)

    def destroy(self) -> subprocess.CompletedProcess[str]:
        return self.pulumi("destroy", "--yes", "--suppress-permalink=true")

    def mech(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        argv = [str(Path(sys.prefix) / "bin" / "mech"), *arguments]
        done = subprocess.run(
            argv, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=200, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(argv)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def health(self, wait: int = 60) -> list[dict[str, Any]]:
        done = self.mech(
            "sandbox", "shell", "--", "mech", "status", "--stack", STACK, "--json", "--wait", str(wait), check=False
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def well(self, within_s: float = 0) -> None:
        """All eight answer well, now or by then."""
        end = time.monotonic() + within_s
        while bad := [entry for entry in self.health() if entry["state"] != "ok"]:
            assert time.monotonic() < end, bad
            time.sleep(1)

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json").stdout)
        return found

    def ssh(self, line: str, check: bool = True, text: str = "") -> str:
        """What a line prints that runs on the host, as root, with `text` as its standard input."""
        key = internet.ensure_home(self.settings)
        argv = ["ssh", "-i", str(key), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=10", f"root@{self.outputs()['host_ip']}", line]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True, input=text, timeout=90, check=False)
        if check and done.returncode:
            raise AssertionError(f"{line!r}: {done.returncode} {done.stdout} {done.stderr}")
        return done.stdout.strip()

    def vultr(self) -> httpx.Client:
        """Vultr's API with the sandbox's key."""
        key = credentials(self.settings)["vultr_api_key"]
        return httpx.Client(base_url=self.settings.vultr_url, headers={"Authorization": f"Bearer {key}"})

    def lose_host(self) -> None:
        """The instance is deleted at Vultr."""
        vultr = self.vultr()
        for instance in vultr.get("/instances").json()["instances"]:
            vultr.delete(f"/instances/{instance['id']}").raise_for_status()

    def inventory(self) -> dict[str, int]:
        """How many of each there are at the clouds."""
        keys = credentials(self.settings)
        vultr = self.vultr()
        counts = {
            path: vultr.get(f"/{path}").json()["meta"]["total"]
            for path in ("instances", "ssh-keys", "startup-scripts", "firewalls", "reserved-ips", "blocks")
        }
        cloudflare = httpx.Client(
            base_url=self.settings.cloudflare_url, headers={"Authorization": f"Bearer {keys['cloudflare_api_token']}"}
        )
        zone = cloudflare.get("/zones").json()["result"][0]["id"]
        counts["dns"] = len(cloudflare.get(f"/zones/{zone}/dns_records").json()["result"])
        return counts

    def killed_up(self, after_s: float, *arguments: str) -> bool:
        """`pulumi up`, ended by SIGKILL after some seconds; whether it was still at work then."""
        argv = [
            "pulumi",
            "up",
            "--yes",
            "--stack",
            STACK,
            "--non-interactive",
            "--suppress-permalink=true",
            "--skip-preview",
            *arguments,
        ]
        log = (self.settings.state / "killed.log").open("ab")
        process = subprocess.Popen(
            argv, cwd=self.folder, env=self.env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            process.wait(after_s)
            return False
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            time.sleep(0.5)  # its plugins notice and leave
            return True


class Listener(threading.Thread):
    """Reads every process's arguments again and again."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.02):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:
                    continue

    def __enter__(self) -> Listener:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.join()


def orphans() -> list[str]:
    """Plugins on this machine whose engine is gone."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        host, _, port = next((word for word in words if word.startswith("127.0.0.1:")), "").rpartition(":")
        if not host or not any(word == "pulumi.dynamic" or word.startswith("sandbox.providers.") for word in words):
            continue
        try:
            socket.create_connection((host, int(port)), timeout=2).close()
        except OSError:
            found.append(f"{path.parent.name}: {' '.join(words)}")
    return found


def project(folder: Path) -> Path:
    """Makes `folder` a project of its own, whose config may be changed: all but that is the repository's."""
    folder.mkdir(exist_ok=True)
    for name in ("Pulumi.yaml", "__main__.py", "mech_infra", "mech_ops", "policies", ".venv"):
        (folder / name).symlink_to(REPO / name)
    return folder


def make(what: str) -> Stack:
    """A fresh sandbox of this clone's with nothing in it."""
    settings = load(own(what))
    steps.remove(settings)
    stack = Stack(settings)
    stack.start()
    return stack
