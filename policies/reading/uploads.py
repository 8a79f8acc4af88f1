"""Files that a program uploads: CopyToRemote, CopyFile, with what is in them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from policies.model import UNKNOWN, Resource
from policies.reading.shell import HOLE

COPY, COPY_FILE = "command:remote:CopyToRemote", "command:remote:CopyFile"
_LARGEST = 1 << 20  # bytes of a local file that is looked into


def uploaded(resource: Resource) -> dict[str, str]:
    """Text by path on the host, HOLE for one that is not known here; {} for other resources."""
    if resource.type not in (COPY, COPY_FILE):
        return {}
    target = resource.props.get("remotePath")
    if not isinstance(target, str):
        return {}
    if resource.type == COPY_FILE:
        return dict(_local(resource.props.get("localPath"), target))
    return dict(_asset(resource.props.get("source"), target))


def _asset(source: Any, target: str) -> Iterator[tuple[str, str]]:
    """Of pulumi's assets and archives, and of the same as plain data."""
    text, path, assets = (_part(source, name) for name in ("text", "path", "assets"))
    if source is UNKNOWN:
        yield target, HOLE
    elif isinstance(text, str):
        yield target, text
    elif isinstance(assets, Mapping):
        for name, inner in assets.items():
            yield from _asset(inner, posixpath.join(target, str(name)))
    elif path is not None:
        yield from _local(path, target)
    elif _part(source, "uri") is not None:
        yield target, HOLE


def _part(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def _local(path: Any, target: str) -> Iterator[tuple[str, str]]:
    """A file or a folder of this machine; from the program's folder, where the pack runs, too."""
    here = Path(path) if isinstance(path, str) and path else None
    try:
        if here is not None and here.is_dir():
            for file in sorted(here.rglob("*")):
                if file.is_file():
                    yield posixpath.join(target, file.relative_to(here).as_posix()), _read(file)
            return
        yield _named(target, here), _read(here) if here is not None else HOLE
    except (OSError, ValueError):
        yield target, HOLE


def _named(target: str, file: Path | None) -> str:
    return posixpath.join(target, file.name) if file is not None and target.endswith("/") else target


def _read(file: Path) -> str:
    if not file.is_file() or file.stat().st_size > _LARGEST:
        return HOLE
    return file.read_text(errors="replace")
