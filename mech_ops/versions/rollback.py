"""Which version to go back to, and what of the stack's config that changes: purely."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mech_ops.errors import OpsError
from mech_ops.versions import definition, words
from mech_ops.versions.definition import Definition, Settings, Unreadable
from mech_ops.versions.history import History, Version

# What a version is made of, and the settings that say it.
_SAID_BY = {"image": ("image", "version"), "port": ("port",), "memory_mb": ("memoryMb",), "cpus": ("cpus",),
            "environment": ("environment",)}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """Of one key of the stack's config; None: it is not there."""

    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        def shown(value: Any) -> str:
            return "not set" if value is None else value if isinstance(value, str) else json.dumps(value)

        return f"{self.key}: {shown(self.before)} → {shown(self.after)}"


@dataclass(frozen=True)
class Plan:
    service: str
    to: Version
    changes: tuple[Change, ...]
    also: tuple[str, ...]  # keys that nobody applied yet, and that the same `up` applies
    pinned: str  # the key that holds the service back from the shared mech:images, if any
    serves: bool  # it is the one that serves

    def words(self) -> str:
        d = self.to.definition
        lines = [
            f"{self.service}: back to {words.short(self.to)}: image {d.image}, memoryMb {d.memory_mb}, cpus {d.cpus:g}"
        ]
        lines += [f"  {change}" for change in self.changes] or ["  the config has it already"]
        lines += [
            f"The same `pulumi up` applies what else was changed since the last one: {', '.join(self.also)}"
        ] * bool(self.also)
        return "\n".join(lines)


def plan(history: History, config: Mapping[str, Any], to: int | None) -> Plan:
    """`config` as it is in the stack's file now. Raises OpsError."""
    service = history.service
    try:
        mine, images = definition.settings(config, service), definition.section(config, "images")
    except Unreadable as error:
        raise OpsError(f"{error}; nothing was changed") from None
    now = _resolved(service, mine, images)
    goal = chosen(history, now, to)
    wanted = restored(service, mine, images, goal, now)
    services = definition.section(config, "services")
    changes = compared(service, mine, wanted, alone=set(services) <= {service})
    also = unapplied(history.applied, config, service)
    pinned = next((key for key in ("version", "image") if wanted.get(key) not in (None, goal.settings.get(key))), None)
    place = f"mech:services.{service}.{pinned}" if pinned else ""
    return Plan(service, goal, tuple(changes), tuple(also), place, goal is history.serving)


def chosen(history: History, now: Definition | None, to: int | None) -> Version:
    """`now` is what the config says, None where it is wrong. Raises OpsError."""
    name, back = history.service, f"mech history {history.service} lists them"
    if to is not None:
        found = next((one for one in history.versions if one.number == to), None)
        if found is None:
            raise OpsError(f"{name} has no version {to}; {back}")
        if not found.served:
            raise OpsError(f"{words.short(found)} of {name} failed and never served; choose one that did: {back}")
        return found
    if not history.trail:
        raise OpsError(f"no version of {name} ever served on this stack, so there is none to go back to")
    last = history.trail[-1]
    # An `up` failed, and what it was to bring still stands in the config: the version before is the one that serves.
    if now is None or (now != last.definition and history.tried != last.definition):
        return last
    if len(history.trail) == 1:
        others = [one for one in history.versions if one.served and one.definition != last.definition]
        hint = f"; for a later one, mech rollback {name} --to N ({back})" if others else ""
        raise OpsError(f"nothing served before {words.short(last)} of {name}, so there is nothing to go back to{hint}")
    return history.trail[-2]


def restored(service: str, mine: Settings, images: Settings, to: Version, now: Definition | None) -> dict[str, Any]:
    """`mine` with as little changed as makes it that version again. Raises OpsError."""
    new = dict(mine)
    for attribute, keys in _SAID_BY.items():
        if now is None or getattr(now, attribute) != getattr(to.definition, attribute):
            for key in keys:
                new.pop(key, None)
                if key in to.settings:
                    new[key] = to.settings[key]
    got = _resolved(service, new, images)
    if got is not None and got.image != to.definition.image:
        # The shared mech:images is another one since: this service alone is held back.
        new.pop("image", None)
        got = _resolved(service, new := {**new, "version": to.definition.tag}, images)
        if got is not None and got.image != to.definition.image:
            new.pop("version")
            got = _resolved(service, new := {**new, "image": to.definition.image}, images)
    if got != to.definition:
        raise OpsError(
            f"mech:services.{service} or mech:images holds what this program does not take; mend it in the stack's "
            "file first: mech preflight names it"
        )
    return new


def compared(service: str, mine: Settings, wanted: Settings, alone: bool) -> list[Change]:
    """What to set and to remove, key by key; `alone`: no other service has settings. An object left empty goes, too."""
    place = f"mech:services.{service}"
    if mine and not wanted:
        return [Change("mech:services" if alone else place, dict(mine), None)]
    found = []
    for key in sorted({*mine, *wanted}):
        old, new = mine.get(key), wanted.get(key)
        if key == "environment" and old and new:
            found += [
                Change(f"{place}.environment{_part(name)}", old.get(name), new.get(name))
                for name in sorted({*old, *new})
                if old.get(name) != new.get(name)
            ]
        elif key == "environment" and new:
            found += [Change(f"{place}.environment{_part(name)}", None, value) for name, value in new.items()]
        elif old != new:
            found.append(Change(f"{place}.{key}", old, new))
    return found


def unapplied(applied: Mapping[str, Any], config: Mapping[str, Any], service: str) -> list[str]:
    """Keys, without the service's own, whose plain value is another one than in the last `up` that succeeded."""
    old, new = _flat(applied), _flat(config)
    own = f"mech:services.{service}"
    return sorted(
        key for key in {*old, *new} if old.get(key) != new.get(key) and key != own and not key.startswith(f"{own}.")
    )


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def walk(key: str, value: Any) -> None:
        if isinstance(value, Mapping) and value:
            for name, inside in value.items():
                walk(f"{key}.{name}", inside)
        elif value != {}:
            found[key] = value

    for key, entry in config.items():
        # Whether there is a secret can be compared; its value cannot, and must not.
        walk(key, "secret" if entry.get("secret") else entry.get("objectValue", entry.get("value")))
    return found


def _resolved(service: str, mine: Settings, images: Settings) -> Definition | None:
    try:
        return definition.resolve(service, mine, images)
    except Unreadable:
        return None


def _part(name: str) -> str:
    """A name as part of one of Pulumi's property paths."""
    if re.fullmatch(r"\w+", name):
        return f".{name}"
    return '["' + name.replace("\\", "\\\\").replace('"', '\\"') + '"]'
