"""Vultr's plans, by names that say their size."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

_PLAN = re.compile(r"[a-z0-9-]+-(?P<cpus>\d+)c-(?P<gigabytes>\d+)gb(-[a-z0-9]+)*")


class Size(NamedTuple):
    """Cores, and memory in MiB."""

    cpus: int
    memory_mb: int


def size(plan: str) -> Size:
    """Read off its name. Raises ValueError where that does not say it."""
    if not (match := _PLAN.fullmatch(plan)):
        raise ValueError(f"{plan!r} is not a Vultr plan that names its size; use one as vc2-4c-8gb")
    if 0 in (cpus := int(match["cpus"]), gigabytes := int(match["gigabytes"])):
        raise ValueError(f"{plan!r} has no cores or no memory, so Vultr cannot have it; use one as vc2-4c-8gb")
    return Size(cpus, gigabytes * 1024)


def _named(plan: str) -> str:
    size(plan)
    return plan


Plan = Annotated[str, AfterValidator(_named)]
