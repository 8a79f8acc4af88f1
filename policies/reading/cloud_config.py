"""cloud-init's user data (`#cloud-config`): the commands that a first boot runs, and the files that it writes before.

By cloud-init's own order: `bootcmd`, `write_files`, `runcmd`. An entry is a line for the shell, or a list of words.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import shlex
import zlib
from collections.abc import Iterator
from typing import Any

import yaml

from policies.reading.shell import HOLE

_MARK = "#cloud-config"


def is_cloud_config(text: str) -> bool:
    return text.lstrip().startswith(_MARK)


def spoken(text: str) -> str:
    """The same as a shell text; empty where it is not what cloud-init would read."""
    try:
        about = yaml.safe_load(text)
    except yaml.YAMLError:
        return ""
    if not isinstance(about, dict):
        return ""
    return "\n".join(
        [*_commands(about.get("bootcmd")), *_files(about.get("write_files")), *_commands(about.get("runcmd"))]
    )


def _commands(entries: Any) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, list):
            yield shlex.join(map(str, entry))


def _files(entries: Any) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("path"), str):
            to = ">>" if entry.get("append") is True else ">"
            content = _decoded(str(entry.get("content") or ""), str(entry.get("encoding") or ""))
            yield f"printf %s {shlex.quote(content)} {to}{shlex.quote(entry['path'])}"


def _decoded(content: str, encoding: str) -> str:
    """Of a file's content; HOLE where it is not the text that its encoding says."""
    try:
        raw = base64.b64decode(content) if "b64" in encoding or "base64" in encoding else content.encode()
        return (gzip.decompress(raw) if encoding.startswith("gz") else raw).decode()
    except (ValueError, OSError, EOFError, zlib.error, binascii.Error):
        return HOLE
