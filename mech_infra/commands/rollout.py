"""The steps of a service's rollout on the host; the program that does them stands there as a file, run with an order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mech_infra import rollout

PROGRAM = "/usr/local/lib/mech/rollout.py"
SOURCE = Path(rollout.__file__).with_name("onhost.py")


def step(name: str) -> str:
    """`room`, `switch` or `watch`; the order goes in by standard input."""
    return f"exec python3 {PROGRAM} {name}"


def order(**words: Any) -> str:
    return json.dumps(words, sort_keys=True)
