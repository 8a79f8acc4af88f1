"""What the healer says: what it does, and what it leaves. Goes to the host: standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """Something to be done. `id` and `started` are the container's as it was looked at: another one is not touched."""

    did: str  # restart, unpause, reconnect, cut-log, remove-images
    what: str  # the container, or "disk"
    why: str
    id: str = ""
    started: str = ""
    grace_s: int = 0
    names: tuple[str, ...] = ()  # what it answers to on the network, beside its own name
    path: str = ""  # of the log


@dataclass(frozen=True)
class Left:
    """Something that is wrong and is left alone: why, and what a person does `then`.

    `soon`: what is at the bottom of it is healed in this run.
    """

    what: str
    code: str
    why: str
    then: str
    soon: bool = False


@dataclass(frozen=True)
class Plan:
    """`steps` in the order in which they are done."""

    steps: tuple[Step, ...] = ()
    left: tuple[Left, ...] = ()


@dataclass(frozen=True)
class Cause:
    """Why a restart would not help, or would harm."""

    code: str
    why: str
    then: str
    of: str = ""  # the container that is to be healed first
