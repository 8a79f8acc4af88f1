"""The running sandbox as a scenario sees it: a person on the host, in the dashboards, at the vendors, at the CLI."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from mech_infra.catalogue import SERVICES
from mech_infra.commands.volume import DATA as DATA
from sandbox import credentials, daemon, internet, steps
from sandbox.host import machine
from sandbox.settings import load
from tests.sandbox.stack import REPO, STACK, Stack

from .internet import Answer, Internet

# Seconds. Short, so that an hour of waiting does not hide in the suite; the real ones are 19 and 120.
EDGE = {"connect_timeout_s": 2, "response_timeout_s": 8}
# Not in the guide, and only for speed: what a service waits for its vendor, how soon the host undoes a firewall change,
# how soon a version that does not get well is refused and one that is well is believed.
CONFIG = {
    "mech:services.llm.environment.MODEL_TIMEOUT_S": "2",
    "mech:services.indexer.environment.INDEX_TIMEOUT_S": "2",
    "mech:services.storage.environment.UPLOAD_TIMEOUT_S": "3",
    "mech:firewall.rollbackAfterS": "20",
    "mech:rollout.startTimeoutS": "20",
    "mech:rollout.watchS": "3",
}
PASSWORDS = {"REDIS_PASSWORD": "sandbox-redis-0001", "MONGODB_PASSWORD": "sandbox-mongo-0001"}
MEMORIES = "https://memories.mech.is/memories"


class World:
    """One sandbox, brought up. `make` gives a fresh one, `reuse` a healthy one that is there."""

    def __init__(self, name: str) -> None:
        self.settings = load(name)
        self.project = self.settings.state / "project"
        self.stack = Stack(self.settings, self.project)
        self._host_ip = ""
        self._places: list[Internet] = []
        self.seen_codes: list[int] = []  # what an attacker got
        self.said = ""  # what the last `pulumi up` that was to fail said

    # -- life ---------------------------------------------------------------------------------------------------

    def make(self) -> None:
        self.close()
        steps.remove(self.settings)
        self._lay_out()
        self.stack.start()
        for key, value in CONFIG.items():
            self.stack.pulumi("config", "set", "--path", "--type", _kind(key), key, value)
        for name, value in PASSWORDS.items():
            self.config_set(f"mech:{name}", value, secret=True)
        shutil.copy(self._config, self._original)
        self.reset()
        self.stack.up()
        self.well()

    def reuse(self) -> bool:
        """Whether there is one to go on with."""
        if not self._original.exists() or not daemon.ready(self.settings):
            return False
        self._lay_out()
        self.reset()
        if self.stack.pulumi("preview", "--expect-no-changes", check=False).returncode:
            self.rescue()
        self.well(30)
        return True

    def reset(self) -> None:
        """Put back what is not a matter of state: vendors, keys, the edge's ranges and time-outs, the stack's config."""
        self.vendors()
        (self.settings.state / "ips.json").unlink(missing_ok=True)
        credentials.ensure(self.settings, credentials.VENDOR_KEYS)
        (self.settings.state / "edge.json").write_text(json.dumps(EDGE))
        if self._original.exists():
            shutil.copy(self._original, self._config)

    def rescue(self) -> None:
        """After a scenario that failed: healthy again by the product's own means, else made anew."""
        self.reset()
        self._host_ip = ""
        try:
            self.stack.mech("recover", "--stack", STACK, "--force")  # nobody else works on this stack
            self.up()
            self.well()
            self.stack.pulumi("preview", "--expect-no-changes")
        except Exception as error:
            print(f"the sandbox is made anew, since: {str(error)[-1500:]}")
            self.make()

    def close(self) -> None:
        for place in self._places:
            place.__exit__()
        self._places = []

    @property
    def _config(self) -> Path:
        return self.project / f"Pulumi.{STACK}.yaml"

    @property
    def _original(self) -> Path:
        return self.settings.state / "config-as-it-was.yaml"

    def _lay_out(self) -> None:
        """A project of its own: its config may be changed, and the repository's is not touched."""
        self.project.mkdir(parents=True, exist_ok=True)
        for name in ("Pulumi.yaml", "__main__.py", "mech_infra", "mech_ops", "policies", ".venv"):
            link = self.project / name
            link.unlink(missing_ok=True)
            link.symlink_to(REPO / name)
        if not self._config.exists():
            shutil.copy(REPO / self._config.name, self._config)

    # -- a visitor ----------------------------------------------------------------------------------------------

    def place(self, client: int | None = None) -> Internet:
        """A place on the internet that lasts until `close`."""
        made = Internet(self.settings, client).__enter__()
        self._places.append(made)
        return made

    def place_for(self, client: int) -> Internet:
        """A place at one address, for the length of a `with`."""
        return Internet(self.settings, client)

    @property
    def net(self) -> Internet:
        return self._places[0] if self._places else self.place()

    def get(self, url: str, **more: Any) -> Answer:
        return self.net.ask("GET", url, **more)

    def health_of(self, service: str) -> Answer:
        return self.get(f"https://{service}.mech.is/health", timeout=15)

    def well(self, within_s: float = 90) -> None:
        """All eight say ok to a visitor. Raises AssertionError with what the others say."""

        def ok() -> None:
            asked = {name: self.net.begin("GET", f"https://{name}.mech.is/health", timeout=15) for name in SERVICES}
            said = {name: self.net.end(number) for name, number in asked.items()}
            bad = {n: f"{a.code} {a.text[:300]}" for n, a in said.items() if a.json.get("status") != "ok"}
            assert not bad, bad

        until(ok, within_s)

    # -- a person on the host -----------------------------------------------------------------------------------

    @property
    def host_ip(self) -> str:
        self._host_ip = self._host_ip or str(self.stack.outputs()["host_ip"])
        return self._host_ip

    def ssh(self, line: str, check: bool = True, text: str | None = None, timeout: float = 120) -> str:
        """A shell line as root on the host; standard error is part of the answer."""
        key = internet.ensure_home(self.settings)
        argv = ["ssh", "-i", str(key), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5", f"root@{self.host_ip}",
                f"exec 2>&1; {line}"]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True, input=text or "", timeout=timeout, check=False)
        if check and done.returncode:
            raise AssertionError(f"on the host, {line!r}: {done.returncode} {done.stdout} {done.stderr}")
        return (done.stdout + done.stderr).strip()

    def console(self, line: str, check: bool = True) -> str:
        """The same at the host's console: by its namespaces, whatever its firewall says."""
        pid = machine.init_pid(self.settings, self.instance)
        argv = ["nsenter", "-t", str(pid), "-a", "sh", "-c", line]
        done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    # -- a person in the dashboards, and the vendors ------------------------------------------------------------

    def cloudflare(self, method: str, path: str, body: Any = None) -> Any:
        """One call to the zone's API; `path` is what follows /zones/ID."""
        token = credentials.load(self.settings)["cloudflare_api_token"]
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
            base = f"{self.settings.cloudflare_url}/zones"
            zone = client.get(base).json()["result"][0]["id"]
            answer = client.request(method, f"{base}/{zone}{path}", json=body)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json()["result"]

    def record(self, service: str) -> dict[str, Any]:
        """Our A record of a service."""
        found: dict[str, Any] = self.cloudflare("GET", f"/dns_records?name={service}.mech.is&type=A")[0]
        return found

    def vultr(self, method: str, path: str, body: Any = None) -> Any:
        token = credentials.load(self.settings)["vultr_api_key"]
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=120) as client:
            answer = client.request(method, f"{self.settings.vultr_url}{path}", json=body)
        assert answer.status_code < 300, (method, path, answer.text)
        return answer.json() if answer.content else None

    @property
    def instance(self) -> str:
        found = self.vultr("GET", "/instances")["instances"]
        assert len(found) == 1, found
        return str(found[0]["id"])

    def lose_host(self) -> None:
        """The instance is deleted at Vultr."""
        self.ssh("docker exec redis redis-cli save")
        self.vultr("DELETE", f"/instances/{self.instance}")

    def vendors(self, **faults: dict[str, Any]) -> None:
        """Make vendors fail; without arguments all are well."""
        (self.settings.state / "vendors.json").write_text(json.dumps(faults))

    def published(self, *more: str) -> None:
        """Ranges of Cloudflare's edge, beside the one that it comes from here; `reset` takes them away."""
        said = {"ipv4_cidrs": [f"{self.settings.edge}/32", *more]}
        (self.settings.state / "ips.json").write_text(json.dumps(said))

    # -- a person at the CLI ------------------------------------------------------------------------------------

    def config_set(self, key: str, value: str, secret: bool = False) -> None:
        flags = ["--secret"] if secret else ["--path", "--type", _kind(key)]
        argv = ["pulumi", "config", "set", *flags, key, "--stack", STACK, "--non-interactive"]
        done = subprocess.run(
            argv, cwd=self.project, env=self.stack.env, input=value, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def config_back(self) -> None:
        shutil.copy(self._original, self._config)

    def up(self, check: bool = True) -> str:
        """`pulumi up` of somebody who has just looked at the preview."""
        done = self.stack.pulumi("up", "--yes", "--skip-preview", "--suppress-permalink=true", check=check)
        assert check or done.returncode, "pulumi up went well, and was not to"
        return done.stdout + done.stderr

    # -- canaries -----------------------------------------------------------------------------------------------

    def plant(self) -> tuple[str, str]:
        """A document in MongoDB (by the memories service) and a key in Redis; returns how to find them."""
        word = secrets.token_hex(8)
        made = self.net.ask("POST", MEMORIES, json_body={"text": f"canary {word}", "tags": ["canary"]})
        assert made.code == 201, made
        assert self.ssh(f"docker exec redis redis-cli set canary {word}") == "OK"
        return str(made.json["id"]), word

    def find(self, planted: tuple[str, str], redis: bool = True) -> None:
        number, word = planted
        found = self.get(f"{MEMORIES}/{number}")
        assert found.code == 200 and word in found.text, f"MongoDB lost a document: {found}"
        if redis:
            said = self.ssh("docker exec redis redis-cli get canary")
            assert said == word, f"Redis lost a key: {said!r}"


def until(check: Callable[[], None], within_s: float, pause_s: float = 0.5) -> None:
    """Ask again and again until it holds; raises its last AssertionError."""
    end = time.monotonic() + within_s
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(pause_s)


_NUMBERS = ("rollbackAfterS", "readTimeoutS", "maxBodyMb", "memoryMb", "startTimeoutS", "watchS")


def _kind(key: str) -> str:
    return "int" if key.rpartition(".")[2] in _NUMBERS else "string"
