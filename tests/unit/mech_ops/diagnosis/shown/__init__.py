"""What the page is looked at with: a platform that is well, whole, and of two others what differs from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mech_ops.diagnosis.bundle import Bundle

from ..patches import laid

FOLDER = Path(__file__).parent
WELL = "all-well"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def read(name: str) -> Bundle:
    found = _read(WELL)
    return Bundle(**(found if name == WELL else laid(found, _read(name))))


def _read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())
