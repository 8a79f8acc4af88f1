"""Commands on hosts: which one does what, and the files that it writes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TypeVar

from policies.model import Resource, Stack, Unjudged

Found = TypeVar("Found")


def first(stack: Stack, make: Callable[[Resource, str], Found | None]) -> Found | None:
    """What `make` says of the first command (and its text) of which it says something. Raises Unjudged where none is
    found and a command is unknown."""
    unknown = None
    for resource in stack.commands():
        try:
            found = make(resource, resource.text("create"))
        except Unjudged as what:
            unknown = what
            continue
        if found is not None:
            return found
    if unknown is not None:
        raise unknown
    return None


def files(resource: Resource) -> dict[str, str]:
    """Files that a command writes from its stdin (`PATH BASE64` a line), by path."""
    found = {}
    for line in resource.text("stdin").splitlines():
        path, _, content = line.partition(" ")
        try:
            found[path] = base64.b64decode(content, validate=True).decode("utf-8", "replace")
        except (ValueError, binascii.Error):
            continue
    return found
