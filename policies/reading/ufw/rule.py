"""A rule of UFW's table, and when two of them are the same to the tool."""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass, replace

from policies.reading.shell import known

ANY4, ANY6 = "0.0.0.0/0", "::/0"


class Refused(Exception):
    """The tool ends with an error: nothing that it had not done before is done."""


class NoProfile(Refused):
    """There is no application profile of this name, as far as is known."""


class Unclear(Exception):
    """A word that only the host knows decides what the command does."""


@dataclass(frozen=True)
class Rule:
    """One rule; `src`, `dst`, ports and interfaces may hold HOLE. `multi`: several ports, which need a protocol."""

    action: str  # allow, deny, reject, limit
    proto: str = "any"
    dport: str = "any"
    dst: str = ANY4
    sport: str = "any"
    src: str = ANY4
    direction: str = "in"
    forward: bool = False  # a `route` rule
    iface_in: str = ""
    iface_out: str = ""
    dapp: str = ""
    sapp: str = ""
    log: str = ""
    comment: str = ""
    v6: bool = False
    multi: bool = False

    def family(self, v6: bool) -> Rule:
        """The rule in the table of this family: `anywhere` is spelled as that one does."""
        anywhere = ANY6 if v6 else ANY4
        dst = anywhere if self.dst in (ANY4, ANY6) else self.dst
        src = anywhere if self.src in (ANY4, ANY6) else self.src
        return replace(self, v6=v6, dst=dst, src=src)

    def normal(self) -> Rule:
        """As the tool keeps it: addresses as networks, ports in order. Raises Refused."""
        return replace(
            self,
            dst=_address(self.dst, self.v6),
            src=_address(self.src, self.v6),
            dport=_ordered(self.dport),
            sport=_ordered(self.sport),
        )

    def matches(self, other: Rule) -> int:
        """0: the same; 1: another; -1: the same but for action, log or comment; -2: but for the comment."""
        if self._place() != other._place() or not known(*self._place()):
            return 1
        if (self.action, self.log) != (other.action, other.log):
            return -1
        return 0 if self.comment == other.comment else -2

    def _place(self) -> tuple[str, ...]:
        return (
            *(self.dport, self.sport, self.proto, self.src, self.dst, self.dapp, self.sapp),
            *(self.iface_in, self.iface_out, self.direction, str(self.v6), str(self.forward)),
        )

    @property
    def application(self) -> tuple[str, ...]:
        """What the rules that came of one application profile have in common; () for other rules."""
        if not (self.dapp or self.sapp):
            return ()
        ends = [f"in_{self.iface_in}"] * bool(self.iface_in) + [f"out_{self.iface_out}"] * bool(self.iface_out)
        return (self.dapp or self.dport, self.dst, self.sapp or self.sport, self.src, *(ends or [self.direction]))

    def reread(self) -> Rule:
        """As the tool has it when it reads its files again: with both interfaces the direction is lost."""
        return replace(self, direction="in") if self.iface_in and self.iface_out else self

    @property
    def is_read(self) -> bool:
        """Whether the tool can read the rule again that it wrote: not one with a profile's name for a port."""
        return all(not known(port) or re.fullmatch(r"any|[0-9:,]+", port) for port in (self.dport, self.sport))

    @property
    def line(self) -> str:
        """As it stands in user.rules, without the comment."""
        action = f"{'route:' * self.forward}{self.action}{'_' * bool(self.log)}{self.log}"
        where = self.direction
        if self.iface_in and self.iface_out:
            where = f"in_{self.iface_in}!out_{self.iface_out}"
        elif self.iface_in or self.iface_out:
            where = f"{self.direction}_{self.iface_in or self.iface_out}"
        apps = [(name or "-").replace(" ", "%20") for name in (self.dapp, self.sapp)] if self.application else []
        return " ".join([action, self.proto, self.dport, self.dst, self.sport, self.src, *apps, where])


def _ordered(port: str) -> str:
    if not known(port):
        return port
    parts = port.split(",")
    return ",".join(sorted(parts, key=lambda part: [int(c) if c.isdigit() else c for c in re.split(r"(\d+)", part)]))


def is_address4(text: str) -> bool:
    if len(text) > 31 or not re.fullmatch(r"[0-9./]+", text):
        return False
    address, *mask = text.split("/")
    if not _is_quads(address) or not _packs(socket.AF_INET, address) or len(mask) > 1:
        return False
    return not mask or _is_prefix(mask[0], 32) or _is_quads(mask[0])


def is_address6(text: str) -> bool:
    if len(text) > 43 or not re.fullmatch(r"[a-fA-F0-9:./]+", text):
        return False
    address, *mask = text.split("/")
    return _packs(socket.AF_INET6, address) and len(mask) < 2 and all(_is_prefix(each, 128) for each in mask)


def _packs(family: int, address: str) -> bool:
    try:
        socket.inet_pton(family, address)
    except OSError:
        return False
    return True


def _is_prefix(text: str, most: int) -> bool:
    return text.isdecimal() and int(text) <= most


def _is_quads(text: str) -> bool:
    quads = text.split(".")
    return len(quads) == 4 and all(quad.isdecimal() and int(quad) < 256 for quad in quads)


def _address(text: str, v6: bool) -> str:
    if not known(text):
        return text
    address, _, mask = text.partition("/")
    family = socket.AF_INET6 if v6 else socket.AF_INET
    try:
        packed = socket.inet_pton(family, address)
    except OSError:
        raise Refused("could not normalize the address") from None
    address = socket.inet_ntop(family, packed)
    if mask in (("128",) if v6 else ("32", "255.255.255.255")):
        mask = ""
    if not v6 and mask:
        bits = _bits(mask)
        address = socket.inet_ntoa(struct.pack(">L", struct.unpack(">L", packed)[0] & bits))
        length = f"{bits:032b}".find("0")
        length = 32 if length < 0 else length
        mask = str(length) if bits == _bits(str(length)) else mask
    return f"{address}/{mask}" if mask else address


def _bits(mask: str) -> int:
    if "." in mask:
        return int(struct.unpack(">L", socket.inet_aton(mask))[0])
    return (0xFFFFFFFF << (32 - int(mask))) & 0xFFFFFFFF
