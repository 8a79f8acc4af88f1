"""What was done by hand before a step was recorded (the drifts of 05, which 06 then repaired), and what befell a swarm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.parity.recordings import Json


@dataclass(frozen=True)
class Edits:
    """`vultr`: (kind, label or port, what changed; None: removed). `docker`: (verb, container's name, argument)."""

    vultr: list[tuple[str, str, Json | None]] = field(default_factory=list)
    docker: list[tuple[str, str, int]] = field(default_factory=list)
    swarm: list[tuple[str, str, Any]] = field(default_factory=list)
    rolled_back: frozenset[str] = frozenset()  # services whose update the swarm takes back
    as_inputs: frozenset[str] = frozenset()  # services that the step before left as they were: not as the state says
    stuck: frozenset[str] = frozenset()  # services whose tasks never run


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
_LLM = frozenset({"mech-llms"})
_SWARM_DRIFTS = Edits(
    as_inputs=_LLM,
    swarm=[
        ("scale", "mech-llms", 1),
        ("unlabel", "mech-llms", "is.mech.service"),
        ("env", "mech-llms", "BY=hand"),
        ("memory", "mech-llms", 100),
        ("remove", "bare", None),
    ],
)
EDITS = {
    "05-preview-drift": _DRIFTS,
    "06-up-repair": _DRIFTS,
    # Nobody's hand: the registry told the platforms at the create, which does not read what it wrote.
    "30-swarm-up-declared": Edits(swarm=[("platforms", "mech-llms", None)]),
    "34-swarm-up-rolled-back": Edits(rolled_back=_LLM),
    "35-swarm-up-broken": Edits(rolled_back=_LLM, as_inputs=_LLM),
    "36-swarm-preview-rolled-back": Edits(as_inputs=_LLM),
    "37-swarm-preview-drift": _SWARM_DRIFTS,
    "38-swarm-up-repair": _SWARM_DRIFTS,
    "41-swarm-up-refused": Edits(stuck=frozenset({"stuck"})),
}


def before(step: str) -> Edits:
    return EDITS.get(step, Edits())
