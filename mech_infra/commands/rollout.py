"""The steps of a service's rollout on the host; the program that does them stands there as files, run with an order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mech_infra import rollout

PROGRAM = "/usr/local/lib/mech/rollout.py"
RECORDS = "/var/lib/mech/rollout"  # by service, the version that was watched to the end last
_ROOM = Path(rollout.__file__).parent
# By where they stand on the host. The program imports the other by the path that it has here, too.
_SOURCES = {PROGRAM: "onhost.py", "/usr/local/lib/mech/mech_infra/rollout/asking.py": "asking.py"}
FILES = tuple(_SOURCES)


def files() -> dict[str, str]:
    """The program: path to text."""
    return {path: (_ROOM / name).read_text() for path, name in _SOURCES.items()}


def step(name: str) -> str:
    """`room`, `switch` or `watch`; the order goes in by standard input."""
    return f"exec python3 {PROGRAM} {name}"


def order(**words: Any) -> str:
    return json.dumps(words, sort_keys=True)
