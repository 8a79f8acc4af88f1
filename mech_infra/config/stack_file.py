"""A stack's config file read without the engine: what stands there in plain text, and which keys are encrypted."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

STAND_IN = "mech-stand-in-000000000000"  # for a value that only the passphrase opens


class _Reader(yaml.SafeLoader):
    """YAML as the engine reads it (gopkg.in/yaml.v3), where `yes` and `on` are text and `1:30` is no number.

    What is left is of no use here: a date gets a time there, and stays as it is written here.
    """

    yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] not in ("bool", "int", "timestamp")]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Reader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Reader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$"),
    list("-+0123456789"),
)


class StackFileError(Exception):
    """The file is not there or is not YAML; the text is for people."""


@dataclass(frozen=True)
class StackFile:
    """`values` are as the engine gives them to a program: text, or JSON for what is not text."""

    values: Mapping[str, str]
    encrypted: tuple[str, ...]  # keys whose value only the passphrase opens
    partly: tuple[str, ...]  # keys of objects that have such a value in them; in `values` STAND_IN stands for it
    plain: Mapping[str, Any]  # all that is not encrypted, by section, without the namespace
    salted: bool  # by a passphrase, not by a key service


def read(path: Path) -> StackFile:
    """Raises StackFileError."""
    try:
        whole = yaml.load(path.read_text(), _Reader) or {}  # noqa: S506 - it is a SafeLoader
        config: dict[str, Any] = whole.get("config") or {}
        encrypted = tuple(key for key, value in config.items() if _is_encrypted(value))
        plain = {key: _open(value) for key, value in config.items() if key not in encrypted}
        partly = tuple(key for key in plain if plain[key] != config[key])
        values = {key: _text(_open(config[key], STAND_IN)) for key in plain}
        return StackFile(
            values, encrypted, partly, {key.partition(":")[2]: plain[key] for key in plain}, "encryptionsalt" in whole
        )
    except OSError:
        raise StackFileError(f"{path.name} does not exist: is --stack right?") from None
    except yaml.MarkedYAMLError as error:
        # Without the line itself, which may hold a secret.
        where = f"line {error.problem_mark.line + 1}: {error.problem}" if error.problem_mark else error.problem
        raise StackFileError(f"{path.name} is not YAML ({where}); correct it there") from None
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, RecursionError):
        raise StackFileError(
            f"{path.name} is not a stack's config in YAML; write keys and values under `config:`, as in docs/config.md"
        ) from None


def plain(path: Path, raw: Mapping[str, str], secret: Collection[str]) -> Mapping[str, Any]:
    """What the file of the config `raw` has in plain text; nothing where no object is partly encrypted, or it cannot be read."""
    if not any(raw[key][:1] in ("{", "[") for key in secret):
        return {}
    try:
        return read(path).plain
    except StackFileError:
        return {}


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _open(value: Any, stand_in: str | None = None) -> Any:
    """Without what is encrypted in it, or with something in its place."""
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if stand_in or not _is_encrypted(inner)}
        return {key: stand_in if _is_encrypted(inner) else _open(inner, stand_in) for key, inner in kept.items()}
    if isinstance(value, list):
        items = [inner for inner in value if stand_in or not _is_encrypted(inner)]
        return [stand_in if _is_encrypted(inner) else _open(inner, stand_in) for inner in items]
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
