"""Writing files on the host: contents travel on stdin, so that no secret stands in a command line."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from mech_infra.commands.script import room, script


def encode(files: Mapping[str, str]) -> str:
    """Stdin for `write_files`: one line a file, `PATH BASE64`, sorted so that equal files make equal text."""
    return "".join(f"{path} {base64.b64encode(text.encode()).decode()}\n" for path, text in sorted(files.items()))


def write_files(mode: str) -> str:
    """Write each file of stdin (see `encode`) as root with `mode`, in place of the old one at once."""
    return script(room(__file__) / "write.sh", mode)
