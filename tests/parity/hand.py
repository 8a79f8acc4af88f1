"""What was done by hand before a step was recorded: the drifts of 05, which 06 then repaired."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.parity.recordings import Json


@dataclass(frozen=True)
class Edits:
    """`vultr`: (kind, label or port, what changed; None: removed). `docker`: (verb, container's name, argument)."""

    vultr: list[tuple[str, str, Json | None]] = field(default_factory=list)
    docker: list[tuple[str, str, int]] = field(default_factory=list)


_DRIFTS = Edits(
    vultr=[
        ("firewall_rule", "443", None),
        ("instance", "mech", {"label": "by-hand", "tags": ["hand"]}),
    ],
    docker=[
        ("stop", "mech-llms", 0),
        ("memory", "mech-queue", 100),
        ("remove", "mech-reader", 0),
        ("leave", "mech-storage", 0),
    ],
)
# Steps whose commands do no more than print: these run for real, and what they say is compared as it is.
REAL_COMMANDS = frozenset({"16-commands-changed", "17-command-fails"})
EDITS = {"05-preview-drift": _DRIFTS, "06-up-repair": _DRIFTS}


def before(step: str) -> Edits:
    return EDITS.get(step, Edits())
