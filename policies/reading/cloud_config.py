"""cloud-init's user data (`#cloud-config`): the commands that a first boot runs, and the files that it writes before.

By cloud-init's own order: `bootcmd`, `write_files`, `runcmd`. An entry is a line for the shell, or a list of words.
"""

from __future__ import annotations

import base64
import binascii
import email
import gzip
import re
import shlex
import zlib
from collections.abc import Iterator
from typing import Any

import yaml

from policies.reading.shell import HOLE

_MARK = "#cloud-config"


def is_cloud_config(text: str) -> bool:
    return text.lstrip().startswith(_MARK)


def parts(text: str) -> list[str]:
    """The parts of user data that is a message of several (MIME), else the text itself."""
    if not re.match(r"\s*(content-type:\s*multipart/|mime-version:)", text, re.I):
        return [text]
    whole = email.message_from_string(text.lstrip())
    found = [part.get_payload(decode=True) for part in whole.walk() if not part.is_multipart()]
    return [part.decode(errors="replace") for part in found if isinstance(part, bytes)] or [text]


def spoken(text: str) -> str:
    """The same as a shell text; empty where it is not what cloud-init would read."""
    try:
        about = yaml.safe_load(text)
    except yaml.YAMLError:
        return ""
    if not isinstance(about, dict):
        return ""
    return "\n".join(
        [
            *_commands(about.get("bootcmd")),
            *_files(about.get("write_files")),
            *_passwords(about),
            *_commands(about.get("runcmd")),
        ]
    )


def lets_in(text: str) -> bool:
    """Whether it gives somebody a key of SSH, by cloud-init's own words."""
    try:
        about = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    users = about.get("users") if isinstance(about, dict) else None
    each = [about, *(users if isinstance(users, list) else ())]
    return any(isinstance(one, dict) and any(one.get(key) for key in _KEYS) for one in each)


_KEYS = ("ssh_authorized_keys", "ssh-authorized-keys", "ssh_import_id")


def _passwords(about: dict[str, Any]) -> Iterator[str]:
    """The passwords that it sets, as chpasswd would."""
    users, change = about.get("users"), about.get("chpasswd")
    change = change if isinstance(change, dict) else {}
    said = change.get("list")
    lines = [
        line.split(":", 1) for line in (said.splitlines() if isinstance(said, str) else said or []) if ":" in str(line)
    ]
    named = [*_maps(users), *_maps(change.get("users"))]
    pairs = [(name, password) for name, password in lines if not password.startswith("$")]
    pairs += [(str(one.get("name")), str(one["plain_text_passwd"])) for one in named if one.get("plain_text_passwd")]
    pairs += [
        (str(one.get("name")), str(one["password"]))
        for one in named
        if one.get("password") and one.get("type") == "text"
    ]
    if isinstance(about.get("password"), str):
        pairs.append(("root", about["password"]))
    for name, password in pairs:
        if password not in ("R", "RANDOM"):
            yield f"printf '%s\\n' {shlex.quote(f'{name}:{password}')} | chpasswd"


def _maps(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


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
