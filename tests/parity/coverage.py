"""What the program declares, under mocks and with several configs, against what the official plugins were seen to do.

A resource type or a property without a recording is one of which nobody knows what the official plugin does.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import yaml

from policies import mocked
from tests.parity.recordings import PLUGINS, Call, Json

Seen = dict[str, set[str]]  # type or function -> paths of properties
_UNRECORDED = Path(__file__).with_name("unrecorded.yaml")
# Objects whose keys are the program's data, not properties.
_MAPS = frozenset({"environment", "logOpts", "driverOpts", "options", "sysctls", "tmpfs", "storageOpts"})
_SECRET = {"secure": "v1:stands:for-a-secret"}
# What each config changes of its stack's own.
VARIANTS: dict[str, tuple[str, Json]] = {
    "sandbox": ("sandbox", {}),
    "prod": ("prod", {}),
    "strict-with-origin-ca": ("sandbox", {"edge": {"ssl": "strict"}, "certificate": {"source": "origin-ca", "validDays": 5475}}),
    "many-replicas": ("sandbox", {"services": {"reader": {"replicas": 2, "memoryMb": 256, "environment": {"A": "1"}}}}),
    "closed": ("sandbox", {"firewall": {"exposeServicePorts": False}, "edge": {"blocked": ["203.0.113.7"]}}),
    "passwords": ("sandbox", {"REDIS_PASSWORD": _SECRET, "MONGODB_PASSWORD": _SECRET}),
    "private-images": ("sandbox", {"images": {"registryUser": "bot"}, "REGISTRY_TOKEN": _SECRET}),
    "own-zone": ("sandbox", {"edge": {"zoneId": None, "accountId": "0" * 31 + "1"}}),
}  # fmt: skip


def compared(type: str) -> bool:
    """Whether this is a type or function of a plugin whose calls were recorded."""
    return type.removeprefix("pulumi:providers:").split(":")[0] in PLUGINS


def foreign(type: str) -> bool:
    """Neither compared nor ours: a plugin of which nothing was recorded."""
    ours = ("mech:", "pulumi:pulumi:", "pulumi-python:")
    return not compared(type) and not type.startswith(ours)


def paths(values: Json, prefix: str = "") -> Iterator[str]:
    """Each property's path, `mounts[].readOnly`; the engine's and the bridge's own keys are none."""
    for name, value in values.items():
        if name.startswith("__") or value is None:
            continue
        path = f"{prefix}{name}"
        yield path
        value = mocked._plain(value)
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, dict) and name not in _MAPS:
                yield from paths(item, f"{path}{'[]' if isinstance(value, list) else ''}.")


def recorded(calls: tuple[Call, ...]) -> Seen:
    """Types with the properties that programs gave them when they were recorded."""
    found: Seen = {}
    for call in calls:
        if call.method in ("Check", "CheckConfig"):
            type = call.token or f"pulumi:providers:{call.plugin}"
            found.setdefault(type, set()).update(paths(call.request["news"]))
        elif call.method == "Invoke":
            found.setdefault(call.token, set()).update(paths(call.request["args"]))
    return found


def from_source() -> Seen:
    """What unrecorded.yaml lists: properties that could not be recorded, and were held against the plugin's source.

    Raises ValueError that shows the entry at fault.
    """
    found: Seen = {}
    for entry in yaml.safe_load(_UNRECORDED.read_text()):
        if set(entry) != {"type", "properties", "source", "reason"} or not all(entry.values()):
            raise ValueError(f"{_UNRECORDED.name}: an entry needs type, properties, source, reason: {entry}")
        found.setdefault(entry["type"], set()).update(entry["properties"])
    return found


def known(calls: tuple[Call, ...]) -> Seen:
    """What was recorded, and what was held against the source."""
    found, source = recorded(calls), from_source()
    return {type: found.get(type, set()) | source.get(type, set()) for type in {*found, *source}}


def declared(folder: Path) -> Seen:
    """What the program declares with every config of VARIANTS; `folder` is for their files."""
    found: Seen = {}
    for name, (stack, changes) in VARIANTS.items():
        _write(folder / f"Pulumi.{name}.yaml", stack, changes)
        for type, inputs in _run(name, folder):
            found.setdefault(type, set()).update(paths(inputs))
    return found


def _write(path: Path, stack: str, changes: Json) -> None:
    text = (mocked.ROOT / f"Pulumi.{stack}.yaml").read_text()
    config = copy.deepcopy(yaml.safe_load(text)["config"])
    for key, change in changes.items():
        before = config.get(f"mech:{key}", {})
        merged = change if change is _SECRET else {**before, **change}
        config[f"mech:{key}"] = {name: value for name, value in merged.items() if value is not None}
    path.write_text(yaml.safe_dump({"config": config}))


def _run(name: str, folder: Path) -> list[tuple[str, Json]]:
    seen: list[tuple[str, Json]] = []

    class Watching(mocked._Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
            seen.append((args.typ, dict(args.inputs)))
            return super().new_resource(args)

        def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
            seen.append((args.token, dict(args.args)))
            return super().call(args)

    plain = mocked._Mocks
    mocked._Mocks = Watching  # type: ignore[misc]
    try:
        mocked.declare(name, folder)
    finally:
        mocked._Mocks = plain  # type: ignore[misc]
    return seen


def unseen(declared: Seen, recorded: Seen) -> list[str]:
    """A sentence for each type and property of a compared plugin that no recording has."""
    found = []
    for type in sorted(name for name in declared if compared(name)):
        if type not in recorded:
            found.append(f"{type}: nobody ever saw the official plugin do this: record it (tests/parity/README.md)")
        else:
            found += [
                f"{type}.{path}: nobody ever saw the official plugin do this: record it (tests/parity/README.md)"
                for path in sorted(declared[type] - recorded[type])
            ]
    return found


def size(declared: Seen) -> int:
    """How many types and properties of compared plugins the program declares."""
    return sum(1 + len(found) for type, found in declared.items() if compared(type))


def not_compared(declared: Seen) -> list[str]:
    """The types and functions of plugins that were not compared (Cloudflare's)."""
    return sorted(name for name in declared if foreign(name))
