"""What the host says, fetched in one SSH trip, by the way that the stack's sensors take. It is not redacted yet."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mech_infra.facts.host import trip

WHOLE_S = 45.0
PROGRAM = Path(__file__).with_name("onhost.py")
_PART = re.compile(rb"^MECH-INCIDENT (\S+)$", re.M)


@dataclass(frozen=True)
class Part:
    """One command or file of the host: `wrong` says how it failed, `left_out` what of it is not here."""

    name: str
    command: str
    data: bytes
    wrong: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class Trip:
    """`missing`: why the host said nothing, or not everything; empty when it said all that it was asked."""

    parts: list[Part]
    missing: str = ""


def fetch(
    access: Mapping[str, str],
    command: Callable[[Mapping[str, str]], list[str]] = trip.command,
    limit_s: float = WHOLE_S,
) -> Trip:
    """What it can say within the limit; a host that is silent is no error."""
    late = ""
    try:
        done = subprocess.run(
            command(access), input=PROGRAM.read_bytes(), capture_output=True, timeout=limit_s, check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        said, errors = done.stdout, done.stderr
    except subprocess.TimeoutExpired as slow:
        said, errors, late = slow.stdout or b"", slow.stderr or b"", f"no answer within {limit_s:.0f} s"
    except OSError as error:
        return Trip([], f"ssh could not be run: {error.strerror}")
    return _read(said, late or _last(errors or said))


def _read(said: bytes, why: str) -> Trip:
    parts: list[Part] = []
    missing = why
    for match in _PART.finditer(said):
        try:
            about = json.loads(zlib.decompress(base64.b64decode(match[1])))
        except (ValueError, zlib.error):
            continue  # cut where the connection broke
        if about["name"] == "end":
            missing = f"{about['late']} of its commands did not end in time" if about["late"] else ""
        else:
            data = base64.b64decode(about["data"])
            parts.append(Part(about["name"], about["command"], data, about["wrong"], about["left_out"]))
    return Trip(parts, missing)


def _last(said: bytes) -> str:
    lines = [
        line for line in said.decode(errors="replace").splitlines() if line.strip() and "MECH-INCIDENT" not in line
    ]
    return lines[-1].strip() if lines else "the connection broke"
