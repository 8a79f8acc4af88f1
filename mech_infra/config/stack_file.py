"""A stack's config file read without the engine: what stands there in plain text, and which keys are encrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


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
        whole = yaml.safe_load(path.read_text()) or {}
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
