"""Writing files on the host: contents travel on stdin, so that no secret stands in a command line."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping


def encode(files: Mapping[str, str]) -> str:
    """Stdin for `write_files`: one line a file, `PATH BASE64`, sorted so that equal files make equal text."""
    return "".join(f"{path} {base64.b64encode(text.encode()).decode()}\n" for path, text in sorted(files.items()))


def write_files(mode: str) -> str:
    """Write each file of stdin (see `encode`) as root with `mode`, in place of the old one at once."""
    return f"""set -eu
umask 077
while read -r path content; do
  install -d -m 755 "$(dirname "$path")"
  printf %s "$content" | base64 -d > "$path.new"
  chown root:root "$path.new"
  chmod {mode} "$path.new"
  mv -f "$path.new" "$path"
done"""


def remove_files(paths: list[str]) -> str:
    return "rm -f " + " ".join(paths)


def digest(text: str) -> str:
    """A short fingerprint for labels and markers; never of a secret."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
