"""What each release left: the state of a stack that it brought up, that stack's config, and what the clouds said then."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
STACK = "sandbox"
# As the engine's export says it; what only tells where in the program a resource was declared is left out.
_LEFT_OUT = ("stackTrace",)


# What stands beside the shipped config: hardened.yaml.
HARDENED = "hardened"


@dataclass(frozen=True)
class Release:
    """What one version left of a stack: with the config as it is shipped, or `kind`."""

    version: str
    kind: str = ""

    @property
    def name(self) -> str:
        return f"{self.version} {self.kind}".rstrip()

    @property
    def folder(self) -> Path:
        return FOLDER / self.version / self.kind

    @property
    def config(self) -> Path:
        return self.folder / f"Pulumi.{STACK}.yaml"

    @cached_property
    def state(self) -> str:
        """`pulumi stack export`; secrets are encrypted with the sandbox's public passphrase."""
        return gzip.decompress((self.folder / "state.json.gz").read_bytes()).decode()

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """By URN."""
        return {resource["urn"]: resource for resource in json.loads(self.state)["deployment"]["resources"]}

    @cached_property
    def clouds(self) -> dict[str, Any]:
        """What a program asks the clouds before it declares anything, by path."""
        said: dict[str, Any] = json.loads((self.folder / "clouds.json").read_text())
        return said

    def write(self, exported: str, config: str, clouds: dict[str, Any]) -> None:
        state = json.loads(exported)
        for resource in state["deployment"]["resources"]:
            for key in _LEFT_OUT:
                resource.pop(key, None)
        self.folder.mkdir(exist_ok=True, parents=True)
        text = json.dumps(state, separators=(",", ":")).encode()
        (self.folder / "state.json.gz").write_bytes(gzip.compress(text, mtime=0))
        self.config.write_text(config)
        (self.folder / "clouds.json").write_text(json.dumps(clouds, indent=1, sort_keys=True) + "\n")


def order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def released(kind: str = "") -> list[Release]:
    """Oldest first."""
    versions = {path.parent.name for path in FOLDER.glob("*/state.json.gz")}
    return [Release(version, kind) for version in sorted(versions, key=order)]
