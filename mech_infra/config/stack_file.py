"""A stack's config file read without the engine: what stands there in plain text, and which keys are encrypted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


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
    salted: bool  # by a passphrase, not by a key service


def read(path: Path) -> StackFile:
    """Raises StackFileError."""
    try:
        whole = yaml.load(path.read_text(), _Reader) or {}  # noqa: S506 - it is a SafeLoader
        config = whole.get("config") or {}
        values, encrypted = {}, []
        for key, value in config.items():
            if isinstance(value, dict) and set(value) == {"secure"}:
                encrypted.append(key)
            else:
                values[key] = value if isinstance(value, str) else json.dumps(value)
    except OSError:
        raise StackFileError(f"{path.name} does not exist: is --stack right?") from None
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise StackFileError(f"{path.name} is not a stack's config in YAML: {error}") from None
    return StackFile(values, tuple(encrypted), "encryptionsalt" in whole)
