"""The resources of a stack's state, as `pulumi stack export` has them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mech_ops.drift.report import SENSORS

Json = dict[str, Any]
SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - Pulumi's mark of a secret value (sdk/go/common/resource)


def of(resources: Iterable[Json], token: str) -> list[Json]:
    """Those of a type, without those that wait for their deletion."""
    return [r for r in resources if r["type"] == token and not r.get("delete")]


def sensors(resources: Iterable[Json]) -> list[Json]:
    """What each sensor declares: title, checks, watches, access."""
    return [opened(r["inputs"]) for r in resources if r["type"] in SENSORS]


def accesses(resources: Iterable[Json]) -> list[Json]:
    return [about["access"] for about in sensors(resources)]


def opened(value: Any) -> Any:
    """With what is secret in the clear; {} for what was exported without `--show-secrets`."""
    if isinstance(value, dict):
        if SECRET in value:
            return opened(json.loads(value.get("plaintext") or "{}"))
        return {key: opened(part) for key, part in value.items()}
    return [opened(part) for part in value] if isinstance(value, list) else value
