"""One host's firewall, as the commands of a program leave it, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from policies.model import Resource
from policies.reading.commands import Script
from policies.reading.ufw.docker import Filter, let_in
from policies.reading.ufw.reach import opened, spoken_of, who
from policies.reading.ufw.table import Table


@dataclass
class Moment:
    """A table at a time when it matters, and whose doing it was."""

    resource: Resource
    sure: Table
    every: Table
    enabling: bool  # by `ufw enable`; else at the end of a command, after which others come in anew


@dataclass
class Host:
    """One host: its table by what is surely done, and by all that may be; what the tool refused, asked or is not known."""

    name: str
    resource: Resource  # the first that says something to UFW
    sure: Table = field(default_factory=Table)
    every: Table = field(default_factory=Table)
    unclear: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)  # commands whose text is not known
    moments: list[Moment] = field(default_factory=list)
    refused: list[tuple[Resource, str]] = field(default_factory=list)
    aborted: list[tuple[Resource, str]] = field(default_factory=list)
    disabled: Resource | None = None  # who turned it off last
    defaults: dict[str, Resource] = field(default_factory=dict)  # who set a default last
    wanted: list[range] = field(default_factory=list)  # ports that a command lets in, at one time or other
    chain: list[Filter] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    tool: str = "UFW"

    @property
    def doubts(self) -> list[str]:
        """What may have changed more than is known."""
        return [*self.unclear, *self.unseen]

    @property
    def opened(self) -> list[range]:
        """TCP ports that rules surely open to the internet, or to a part of it."""
        return opened(self.sure)

    @property
    def guarded(self) -> list[range] | None:
        """Ports that DOCKER-USER lets in from outside, None where there is no guard that drops the rest."""
        routed = [
            part for rule in self.sure.rules if rule.forward and rule.action == "allow" for part in spoken_of(rule)
        ]
        return let_in(self.chain, routed)

    def sources(self, port: int) -> list[str]:
        """Who is let in at a TCP port over IPv4: addresses and networks, "" for everybody."""
        found = who(self.sure, port).least
        return [""] if found.everybody else [word for word in found.words if " " not in word]

    def everybody(self, port: int, proto: str = "tcp", v6: bool = False) -> bool | None:
        """Whether a rule lets all of the internet reach a port; None where it cannot be known."""
        answers = [who(table, port, proto, v6, default=False) for table in (self.sure, self.every)]
        if all(answer.least.everybody for answer in answers):
            return True
        opening = any(" delete " not in said for said in self.unclear)
        return None if opening or any(answer.most.everybody for answer in answers) else False

    def closed(self, port: int, proto: str = "tcp", way: str = "in") -> bool | None:
        """Whether nobody reaches a port (`way` out: whether it is reached nowhere); None where it cannot be known."""
        return shut(self.sure, self.every, self.doubts, [port], proto, way)


def shut(
    sure: Table, every: Table, doubts: Sequence[str], ports: Iterable[int], proto: str = "tcp", way: str = "in"
) -> bool | None:
    """Whether none of these ports lets anybody in; None where it cannot be known."""
    if any(who(sure, port, proto, way=way).least.words for port in ports):
        return False
    possible = any(who(table, port, proto, way=way).most.words for table in (sure, every) for port in ports)
    return None if possible or doubts else True
