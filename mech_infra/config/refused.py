"""What the loader says to values that are wrong: those that each key of the config has for docs/config.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mech_infra.config.forms import Json, leaf, written
from mech_infra.config.loading import ConfigError, load
from mech_infra.config.platform import PlatformConfig
from mech_infra.config.secrets import KEYS, STAND_INS
from mech_infra.config.types import NAMESPACE

_SERVICE = "llm"  # stands for NAME


@dataclass(frozen=True)
class Refused:
    """A wrong value of a key, as it is written in the file, and what the loader says; nothing where it takes it."""

    key: str
    value: str
    says: tuple[str, ...]


def values() -> Iterator[Refused]:
    """Of every key that is not a section, in the order of the page."""
    model = PlatformConfig.model_json_schema()
    for key, part in keys(model, model, NAMESPACE + ":"):
        for bad in part.get("refused", ()):
            yield Refused(key, written(bad), _said(key, bad))
    for name, secret in KEYS.items():
        for text in secret.refused:
            shown = text if text.startswith("{") else json.dumps(text)
            yield Refused(f"{NAMESPACE}:{name}", f"`{shown}`", _refusal({f"{NAMESPACE}:{name}": text}))


def keys(model: Json, part: Json, above: str) -> Iterator[tuple[str, Json]]:
    """(key as the page names it, its schema), sections gone into."""
    for name, found in part["properties"].items():
        ref = found.get("$ref") or found.get("additionalProperties", {}).get("$ref")
        if ref:
            inner = "NAME." if "$ref" not in found else ""
            yield from keys(model, model["$defs"][ref.rpartition("/")[2]], f"{above}{name}.{inner}")
        else:
            yield f"{above}{name}", leaf(found)


def _said(key: str, bad: Any) -> tuple[str, ...]:
    first, *rest = key.replace("NAME", _SERVICE).split(".")
    for step in reversed(rest):
        bad = {step: bad}
    return _refusal({first: bad if isinstance(bad, str) else json.dumps(bad)})


def _refusal(raw: dict[str, str]) -> tuple[str, ...]:
    """By the loader, of a config that is good but for this."""
    secrets = {f"{NAMESPACE}:{name}": value for name, value in STAND_INS.items()}
    secrets |= {key: value for key, value in raw.items() if key.removeprefix(f"{NAMESPACE}:") in KEYS}
    try:
        load({**raw, **secrets}, list(secrets))
    except ConfigError as error:
        return error.mistakes
    return ()


def table() -> str:
    """In Markdown."""
    rows = [(f"{one.key}", one.value, " ".join(one.says)) for one in values()]
    return "".join(f"| {' | '.join(_cell(text) for text in row)} |\n" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
