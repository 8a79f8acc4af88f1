"""Who gets at the host: the keys that may log in as root, and who listens on our ports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mech_infra.facts.host.onhost import run, text
from mech_infra.facts.host.program import reads
from mech_infra.facts.model import Facts, Watch


@reads()
def keys() -> list[dict[str, str]]:
    """Who may log in as root by key; options before the type are skipped."""
    found = []
    for path in ("/root/.ssh/authorized_keys", "/root/.ssh/authorized_keys2"):
        for line in (text(path) or "").splitlines():
            match = re.search(r"(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+) (\S+) ?(.*)$", line)
            if match and not line.startswith("#"):
                found.append({"key": f"{match.group(1)} {match.group(2)}", "comment": match.group(3).strip()})
    return found


@dataclass(frozen=True)
class ForeignKeys(Watch, kind="foreign-keys"):
    """Keys beside ours that may log in as root."""

    ours: str  # type and key

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for entry in facts.get("keys") or []:
            if entry["key"] != self.ours:
                whose = entry["comment"] or "…" + entry["key"][-16:]
                yield f"not ours: the key {whose} may log in as root (left as it is)"


def foreign_keys(public: str) -> ForeignKeys:
    return ForeignKeys(" ".join(public.split()[:2]))


@reads()
def listeners() -> list[dict[str, Any]]:
    """Who listens on TCP."""
    found = []
    for line in run("ss", "-Hltnp")[1].splitlines():
        address, _, port = line.split()[3].rpartition(":")
        process = re.search(r'"([^"]+)",pid=(\d+)', line)
        found.append({"address": address, "port": int(port), "process": process.group(1) if process else ""})
    return found


@dataclass(frozen=True)
class ForeignListeners(Watch, kind="foreign-listeners"):
    """TCP ports that are ours, each with the process that should listen there ("" for Docker's proxy)."""

    ports: Mapping[str, str]

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        found = {}
        for item in facts.get("listeners") or []:
            owner = self.ports.get(str(item["port"]))
            if owner is not None and item["process"] not in (owner or "docker-proxy", ""):
                found[item["port"]] = item["process"]
        for port, process in sorted(found.items()):
            yield f"not ours: port {port} is held by {process} (left as it is)"


def foreign_listeners(ports: Mapping[int, str]) -> ForeignListeners:
    return ForeignListeners({str(port): name for port, name in ports.items()})
