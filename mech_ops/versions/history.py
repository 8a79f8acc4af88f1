"""From the engine's history to the versions of one service: which was tried, which served, from when to when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mech_ops.versions import definition
from mech_ops.versions.definition import Definition, Settings, Unreadable

Json = Mapping[str, Any]


@dataclass
class Version:
    """One row: from the moment it was known to serve, or was tried. `until` is None while it serves."""

    number: int
    definition: Definition
    settings: Settings  # what mech:services.SERVICE was
    since: datetime
    until: datetime | None
    served: bool = False


@dataclass
class History:
    """`versions` oldest first. `trail` are those that a way back leads along: the last one serves, or did last."""

    service: str
    versions: list[Version] = field(default_factory=list)
    trail: list[Version] = field(default_factory=list)
    serving: Version | None = None
    tried: Definition | None = None  # by the newest update
    applied: Json = field(default_factory=dict)  # config of the newest update that succeeded
    unread: int = 0  # updates whose config this program does not understand

    def _serves(self, version: Version, at: datetime) -> None:
        if self.serving:
            self.serving.until = at
        version.served, version.since, version.until = True, at, None
        self.serving = version
        # Who went back from a version does not come to it again by going back once more.
        before = next((n for n, one in enumerate(self.trail) if one.definition == version.definition), None)
        self.trail = [*self.trail[:before], version]

    def _add(self, definition: Definition, settings: Settings, begin: datetime, end: datetime) -> Version:
        self.versions.append(Version(len(self.versions) + 1, definition, settings, begin, end))
        return self.versions[-1]


def read(entries: Sequence[Json], service: str, switched: datetime | None = None) -> History:
    """`entries` as `pulumi stack history --json` has them, newest first.

    `switched`: when the service's last rollout ended well. An `up` fails as a whole; where this lies within one, it was
    another service that failed.
    """
    history, last = History(service), None
    for entry in reversed(entries):
        kind, result = entry.get("kind"), entry.get("result")
        if result not in ("succeeded", "failed") or kind not in ("update", "destroy"):
            continue
        begin, end, config = _time(entry["startTime"]), _time(entry["endTime"]), entry.get("config") or {}
        if kind == "destroy":
            if result == "succeeded" and history.serving:
                history.serving.until, history.serving, last = end, None, None
            continue
        try:
            mine = definition.settings(config, service)
            found = definition.of(config, service)
        except Unreadable:
            history.unread += result == "succeeded"
            continue
        history.tried = found
        if result == "succeeded":
            history.applied = config
        # The history's times are whole seconds.
        well = result == "succeeded" or (switched and begin <= switched <= end + timedelta(seconds=1))
        if history.serving and history.serving.definition == found:
            last = history.serving
            continue
        if last is None or last.served or last.definition != found:
            last = history._add(found, mine, begin, end)
        if well:
            last.settings = mine
            history._serves(last, end)
    return history


def switched(state: Json, service: str) -> datetime | None:
    """When the service's last rollout ended well, by an exported state; None where it never did."""
    for resource in (state.get("deployment") or {}).get("resources") or []:
        if str(resource.get("urn")).endswith(f"::{step(service, 'watch')}"):
            return _time(resource["modified"]) if resource.get("modified") else None
    return None


def step(service: str, name: str) -> str:
    """The resource that is this step of the service's rollout (mech_infra.components.service)."""
    return f"services-{service}-{name}"


def _time(text: str) -> datetime:
    # Nanoseconds, which Python does not read, say nothing here.
    return datetime.fromisoformat(re.sub(r"\.\d+", "", text))
