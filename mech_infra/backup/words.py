"""What the modules on the host share."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

LABEL = "mech.scratch"  # of containers that a proof makes, and that go with it
LIVE = "restore-live"  # the word of the command line by which others know that a restore is at work
BEFORE = "before-restore"  # a snapshot of what a restore was about to overwrite


class Failed(Exception):
    """One thing that went wrong: its code, and one sentence that says what and what to do next."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code, self.says = code, says
