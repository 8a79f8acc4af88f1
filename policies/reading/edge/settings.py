"""Settings of a zone: one resource each (ZoneSetting), or all in one (ZoneSettingsOverride, before version 6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.model import SETTING, UNKNOWN, Resource, Stack, Unjudged

OVERRIDE = "cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride"


@dataclass(frozen=True)
class Setting:
    """A declared setting by Cloudflare's name for it (`always_use_https`)."""

    resource: Resource
    id: str
    _value: Any

    @property
    def value(self) -> Any:
        """Raises Unjudged where it is not known."""
        if self._value is UNKNOWN:
            raise Unjudged(f"{self.resource.name}.value")
        return self._value


def settings(stack: Stack) -> list[Setting]:
    """All that are declared; one whose name is not known is left out."""
    kept: list[Setting] | None = stack.memo.get("settings")
    if kept is None:
        kept = stack.memo["settings"] = list(_settings(stack))
    return kept


def setting(stack: Stack, id: str) -> list[Setting]:
    """The declared settings of this name, one a zone. Raises Unjudged where a setting's name is not known."""
    found = [one for one in settings(stack) if one.id == id]
    nameless = [one for one in stack.of(SETTING) if one.props.get("settingId") is UNKNOWN]
    if nameless and not found:
        raise Unjudged(f"{nameless[0].name}.settingId")
    return found


def _settings(stack: Stack) -> Iterator[Setting]:
    for one in stack.of(SETTING):
        id = one.props.get("settingId")
        if isinstance(id, str):
            yield Setting(one, id, one.props.get("value"))
    for one in stack.of(OVERRIDE):
        about = one.props.get("settings")
        for name, value in about.items() if isinstance(about, Mapping) else ():
            if isinstance(name, str) and value is not None:
                yield Setting(one, re.sub(r"([A-Z])", lambda letter: "_" + letter[1].lower(), name), value)
