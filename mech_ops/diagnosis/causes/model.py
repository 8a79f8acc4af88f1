"""What a cause is: a code that is never used again, its words, and the function that finds it in a look."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from mech_ops.diagnosis.look import Look

Severity = Literal["outage", "degraded", "data", "risk", "notice"]
SEVERITIES: tuple[Severity, ...] = ("outage", "data", "degraded", "risk", "notice")


def worse(before: tuple[Severity, Iterable[str]], now: tuple[Severity, Iterable[str]]) -> str:
    """How a cause is worse than it was, by its severity and the services that fail of it; empty while it is not."""
    (was, failed), (severity, failing) = before, now
    if SEVERITIES.index(severity) < SEVERITIES.index(was):
        return f"it was {was}, and is {severity}"
    more = sorted(set(failing) - set(failed))
    return f"{', '.join(more)} {'fails' if len(more) == 1 else 'fail'}, too" if more else ""


_OF_A_HOST = ("host.", "drift.", "vultr.attachments")
LAYERS = {
    "ssh": "the way to the host",
    "vultr": "Vultr: instance, address, volume, firewall group",
    "machine": "the host's machine: disk, memory, clock, packages",
    "forwarding": "the kernel's forwarding and Docker's NAT",
    "firewall": "UFW and what stands beside it",
    "docker": "Docker and its networks",
    "swarm": "the swarm that a fleet's hosts are",
    "dns": "the zone's records",
    "edge": "Cloudflare's settings and rules",
    "certificate": "the origin's certificate",
    "nginx": "nginx on the host",
    "datastores": "Redis and MongoDB",
    "container": "a container",
    "service": "what a service says of itself",
    "vendor": "keys and those who gave them",
    "between": "nothing known: at least between which two it lies",
}
"""From the bottom of the platform up: of two causes that explain the same, the lower one is named first."""


@dataclass(frozen=True)
class Found:
    """One cause that is there: whom it harms, with what arguments its sentence is said, and what shows it.

    `host` is where, in a fleet.
    """

    harms: tuple[str, ...] = ()  # services
    arguments: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    host: str = ""

    @property
    def prefix(self) -> str:
        """What a sentence begins with that does not name the host itself (as `member`)."""
        return f"{self.host}: " if self.host and self.arguments.get("member") != self.host else ""


@dataclass(frozen=True)
class Cause:
    """A row of the table. `says`, `fix` and `key` may name arguments in braces.

    `floor` is how bad it is when the services that it harms all answer; one that harms services that do not answer is an
    outage, whatever stands here. `follows` are the causes of which this one is only a consequence.
    """

    code: str
    says: str
    layer: str
    visitor: str  # what they see
    fix: str  # a command where there is one
    guide: str  # the guide's section, or where else it comes from
    reads: tuple[str, ...]
    find: Callable[[Look], Iterable[Found]]
    key: str = ""  # of the config, that decides it
    rules: tuple[str, ...] = ()  # of the policy pack, that refuse what leads to it
    floor: Severity = "risk"
    follows: tuple[str, ...] = ()
    fallback: bool = False  # looked for only where nothing else explains a service that fails

    @property
    def by_host(self) -> bool:
        """Whether it is looked for on each host of a fleet; the datastores are on the first one alone."""
        if self.layer == "datastores" or any(read.startswith("drift.edge-ranges") for read in self.reads):
            return False
        return any(read.startswith(_OF_A_HOST) and read != "host.answers" for read in self.reads)

    def words(self, found: Found) -> tuple[str, str, str]:
        """The sentence, the fix and the key of one that was found."""
        given = found.arguments
        return found.prefix + self.says.format(**given), self.fix.format(**given), self.key.format(**given)


TABLE: dict[str, Cause] = {}
"""By code. A code is never used again for something else."""
RETIRED: frozenset[str] = frozenset()


def cause(code: str, says: str, **about: Any) -> Callable[[Callable[[Look], Iterator[Found]]], Cause]:
    """Marks the function that finds it."""

    def mark(find: Callable[[Look], Iterator[Found]]) -> Cause:
        if code in TABLE or code in RETIRED:
            raise ValueError(f"the code {code} is taken")
        TABLE[code] = made = Cause(code=code, says=says, find=find, **about)
        return made

    return mark


def arguments(text: str) -> set[str]:
    """Names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
