"""The one place that says where a sandbox keeps things and which addresses it answers on."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

_INDEX, _MOST = "network", 250  # the file that says N, the largest N


@dataclass(frozen=True)
class Settings:
    """One named sandbox. Paths are absolute; ports are TCP unless said otherwise."""

    name: str
    state: Path  # what this sandbox remembers: cloud records, host disks, keys, logs
    cache: Path  # what can be made again: engine, root filesystem, images
    index: int  # N in 10.77.N.0/24

    @property
    def network(self) -> str:
        return f"10.77.{self.index}.0/24"

    @property
    def interface(self) -> str:
        """The dummy interface that holds the sandbox's own addresses."""
        return f"mech{self.index}"

    def address(self, last: int) -> str:
        return f"10.77.{self.index}.{last}"

    @property
    def gateway(self) -> str:
        return self.address(1)

    @property
    def cloud(self) -> str:
        return self.address(2)

    @property
    def edge(self) -> str:
        return self.address(3)

    @property
    def dns(self) -> str:
        return self.address(4)

    @property
    def vultr_url(self) -> str:
        return f"http://{self.cloud}:8001/v2"

    @property
    def cloudflare_url(self) -> str:
        return f"http://{self.cloud}:8002/client/v4"

    @property
    def https_proxy(self) -> str:
        return f"http://{self.cloud}:8003"

    @property
    def backend_url(self) -> str:
        """Where Pulumi keeps the state of this sandbox's stacks."""
        return f"file://{self.state}/pulumi"

    @property
    def hosts(self) -> Path:
        return self.state / "hosts"

    @property
    def blocks(self) -> Path:
        """Block storage images: they outlive hosts and `pulumi destroy`."""
        return self.state / "blocks"

    @property
    def pki(self) -> Path:
        """The sandbox's certificate authority: ca.crt, ca.key, bundle.crt (system roots plus ca.crt)."""
        return self.state / "pki"

    @property
    def home(self) -> Path:
        """HOME of the person in `mech sandbox shell`; holds .ssh/vultr_mech_machines."""
        return self.state / "home"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def credentials(self) -> Path:
        return self.state / "credentials.json"

    @property
    def images(self) -> Path:
        return self.cache / "images"


def load(name: str | None = None) -> Settings:
    """Settings of the sandbox `name`, else of $MECH_SANDBOX, else of `main`.

    $MECH_SANDBOX_STATE and $MECH_CACHE move the two folders.
    """
    name = name or os.environ.get("MECH_SANDBOX") or "main"
    states = Path(os.environ.get("MECH_SANDBOX_STATE") or "/var/lib/mech-sandbox")
    cache = os.environ.get("MECH_CACHE") or os.environ.get("XDG_CACHE_HOME")
    cache_dir = (
        Path(os.environ["MECH_CACHE"])
        if os.environ.get("MECH_CACHE")
        else (Path(cache) / "mech-infra" if cache else Path.home() / ".cache" / "mech-infra")
    )
    return Settings(name=name, state=states / name, cache=cache_dir, index=_index(states, name))


def claim(settings: Settings) -> None:
    """Make its folder: from now on its network is its own, whatever other sandboxes come. Raises OSError."""
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    (settings.state / _INDEX).write_text(f"{settings.index}\n")


def _index(states: Path, name: str) -> int:
    """The one that it keeps; else main's is 0, and another's leads from its name to the first that no other sandbox has."""
    if name == "main":
        return 0
    first = _first(name)
    if (states / name).exists():
        return _kept(states / name)
    taken = {_kept(folder) for folder in states.glob("*/")}
    return next((number for number in [*range(first, _MOST + 1), *range(1, first)] if number not in taken), first)


def _first(name: str) -> int:
    return 1 + int(hashlib.sha256(name.encode()).hexdigest(), 16) % _MOST


def _kept(folder: Path) -> int:
    try:
        return int((folder / _INDEX).read_text())
    except (OSError, ValueError):
        return _first(folder.name)  # of one from before there was such a file
