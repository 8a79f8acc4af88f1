"""Values of properties in words: never JSON, never a secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

# Marks a secret in the engine's JSON (sdk/go/common/resource, sig.Key), and a value that is not known yet.
SECRET, UNKNOWN = "4dabf18193072939515e22adb298388d", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# Read back from a host they come without a mark.
_ALWAYS_SECRET = {"envs", "environment", "connection", "stdin", "create", "update", "delete", "privateKey", "password"}
# Lists that are one command line.
_LINES = {"command", "entrypoints", "tests"}
# Inputs that only say when a thing is to be done again: each of them stands for something else.
TRIGGERS = ("triggers", "pullTriggers")
_LONGEST = 120
NOT_THERE, NONE = "not there", "none"


def root(path: str) -> str:
    """The property that a path such as `ports[0].ip` leads into."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def whole(path: str) -> str:
    """The list that a path leads into an element of: a person looks for what is in it, not for its place."""
    return path if root(path) in TRIGGERS else re.split(r"\[\d", path, maxsplit=1)[0]


def at(properties: Json, path: str) -> Any:
    """The value at a path such as `ports[0].ip` or `labels["a.b"]`; None where there is none."""
    value: Any = properties
    for name, quoted, index in re.findall(r'([^.\[\]"]+)(?=[.\[]|$)|\["([^"]*)"\]|\[(\d+)\]', path):
        try:
            value = value[int(index)] if index else value[name or quoted]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def unknown(value: Any) -> bool:
    """Whether it, or a part of it, is not known before `up`."""
    if isinstance(value, dict):
        return any(unknown(item) for item in value.values())
    return any(unknown(item) for item in value) if isinstance(value, list) else value == UNKNOWN


def foretold(was: Any, now: Any) -> bool:
    """Whether they are the same but for what is not known before `up`."""
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(foretold(was[key], now[key]) for key in was)
    if isinstance(was, list) and isinstance(now, list):
        return len(was) == len(now) and all(map(foretold, was, now))
    return bool(now in (was, UNKNOWN))


def has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return SECRET in value or any(has_secret(item) for item in value.values())
    return any(has_secret(item) for item in value) if isinstance(value, list) else value == "[secret]"


def shown(path: str, value: Any, *others: Any) -> str:
    """A value as a person reads it; [secret] when it, or what stands in its place elsewhere, is one."""
    if root(path) in _ALWAYS_SECRET or any(has_secret(one) for one in (value, *others)):
        return "[secret]"
    if value is None or value == []:
        return NONE if path == root(path) and any(isinstance(one, list) for one in (value, *others)) else NOT_THERE
    text = _words(value, path.rpartition(".")[2])
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _words(value: Any, name: str = "") -> str:
    if isinstance(value, list):
        return (" " if name in _LINES else ", ").join(_words(item) for item in value) or NONE
    if isinstance(value, dict):
        # What plugins add unasked is empty.
        said = {key: item for key, item in value.items() if item not in (None, "", []) and not key.startswith("__")}
        kind = next((words for keys, words in _KINDS if keys <= set(said)), _pairs)
        return kind(said) or NONE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return "known after up" if value == UNKNOWN else str(value) if value != "" else "empty"


def _pairs(value: Json) -> str:
    return ", ".join(f"{key} {_words(item, key)}" for key, item in sorted(value.items()))


def _port(value: Json) -> str:
    return (
        f"{value.get('ip', 'all')}:{_words(value.get('external', 'any'))} → "
        f"{_words(value['internal'])}/{value.get('protocol', 'tcp')}"
    )


def _mount(value: Json) -> str:
    source = _words(value.get("source", f"a {value.get('type', 'new')} volume"))
    return f"{source} at {_words(value['target'])}" + (" (read-only)" if value.get("readOnly") else "")


def _named(value: Json) -> str:
    rest = {key: item for key, item in value.items() if key not in ("name", "aliases")}
    aliases = f" as {_words(value['aliases'])}" if "aliases" in value else ""
    return _words(value["name"]) + aliases + (f" ({_pairs(rest)})" if rest else "")


def _health(value: Json) -> str:
    rest = _pairs({key: item for key, item in value.items() if key != "tests"})
    return _words(value["tests"], "tests") + (f" ({rest})" if rest else "")


def _rule(value: Json) -> str:
    return f"{_words(value['action'])} {_words(value['expression'])}" + ("" if value.get("enabled", True) else " (off)")


# What an object is, is seen by the properties that it must have (schemas of pulumi-docker and pulumi-cloudflare).
_KINDS: tuple[tuple[set[str], Callable[[Json], str]], ...] = (
    ({"internal"}, _port),
    ({"target", "type"}, _mount),
    ({"label"}, lambda value: f"{_words(value['label'])}={_words(value.get('value', ''))}"),
    ({"tests"}, _health),
    ({"action", "expression"}, _rule),
    ({"name"}, _named),
)
