"""DNS records: `DnsRecord`, and `Record` as it was called before version 6."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policies.model import RECORD, UNKNOWN, Resource, Stack, Unjudged

OLD_RECORD = "cloudflare:index/record:Record"
_LEADING = ("A", "AAAA", "CNAME")  # to a host


@dataclass(frozen=True)
class Record:
    """A record that leads to a host: A, AAAA or CNAME."""

    resource: Resource
    type: str

    @property
    def name(self) -> str:
        """As it is declared: whole, or within the zone (`www`, `@`). Raises Unjudged."""
        return self.resource.text("name").rstrip(".").lower()

    @property
    def content(self) -> str:
        """The address, or the name that it stands for. Raises Unjudged."""
        return self.resource.text("content") or self.resource.text("value")

    @property
    def is_named(self) -> bool:
        return isinstance(self.resource.props.get("name"), str)

    @property
    def is_known(self) -> bool:
        return not any(self.resource.props.get(key) is UNKNOWN for key in ("name", "content", "value"))

    @property
    def proxied(self) -> Any:
        return self.resource.get("proxied")

    def answers(self, host: str) -> bool:
        """Whether a host name is asked of it. Raises Unjudged."""
        name = self.name
        if name.startswith("*"):
            return host.endswith(name[1:]) if "." in name else True
        return name == host or (
            "." not in name and (host.startswith(f"{name}.") or (name == "@" and host.count(".") == 1))
        )


def records(stack: Stack) -> list[Record]:
    """The records that lead to hosts. One whose type is not known is left out."""
    every = [*stack.of(RECORD), *stack.of(OLD_RECORD)]
    return [Record(one, str(one.props["type"])) for one in every if one.props.get("type") in _LEADING]


def unknown_records(stack: Stack) -> None:
    """Before a record is called missing. Raises Unjudged where one's name or type is not known."""
    for one in [*stack.of(RECORD), *stack.of(OLD_RECORD)]:
        for key in ("name", "type"):
            if one.props.get(key) is UNKNOWN:
                raise Unjudged(f"{one.name}.{key}")
