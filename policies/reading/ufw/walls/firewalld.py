"""firewalld: its zones, as rules of UFW's table (source: firewall-cmd(1); a fresh zone public lets in ssh)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from policies.reading.shell import known
from policies.reading.ufw.names import port_of
from policies.reading.ufw.rule import ANY4, Refused, Rule

_SERVICES = {
    "mongodb": "27017",
    "redis": "6379",
    "http3": "443/udp",
    "mosh": "60000-61000/udp",
    "wireguard": "51820/udp",
}
_OPEN = ("trusted",)


@dataclass
class _Zone:
    services: set[str] = field(default_factory=set)
    ports: set[str] = field(default_factory=set)
    rich: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    target: str = "default"


class Zones:
    """The zones of one host; what is permanent and what holds now are not told apart."""

    def __init__(self) -> None:
        self.zones: dict[str, _Zone] = {"public": _Zone({"ssh"})}
        self.default = "public"
        self.unclear: list[str] = []

    def run(self, argv: Sequence[str]) -> None:
        """`firewall-cmd …`, without the program's name."""
        options = list(_options(argv))
        name = next((value for key, value in options if key == "zone"), self.default)
        zone = self.zones.setdefault(
            name, _Zone({"ssh"} if name in ("internal", "work", "home", "dmz", "external") else set())
        )
        for key, value in options:
            if "ipset" in value or not known(value):
                self.unclear += [f"--{key}"] if key.startswith("add-") else []
                continue
            match key:
                case "add-service":
                    zone.services.add(value)
                case "remove-service":
                    zone.services.discard(value)
                case "add-port":
                    zone.ports.add(value)
                case "remove-port":
                    zone.ports.discard(value)
                case "add-rich-rule":
                    zone.rich.append(value)
                case "add-source":
                    zone.sources.append(value)
                case "set-target":
                    zone.target = value
                case "set-default-zone":
                    self.default = value
                    self.zones.setdefault(value, _Zone())
                case _:
                    pass

    @property
    def closes(self) -> bool:
        return self.default not in _OPEN and self.zones[self.default].target != "ACCEPT"

    def rules(self) -> Iterator[Rule]:
        for name, zone in self.zones.items():
            sources = zone.sources if name != self.default else [ANY4]
            for source in sources:
                if name in _OPEN or zone.target == "ACCEPT":
                    yield from _rule("allow", "", source)
                for text in zone.rich:
                    yield from _rich(text, source)
                for said in [*(_SERVICES.get(each, each) for each in sorted(zone.services)), *sorted(zone.ports)]:
                    yield from _rule("allow", said, source)


def _options(argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = list(argv)
    while rest:
        key, given, value = rest.pop(0).removeprefix("--").partition("=")
        if not given and rest and not rest[0].startswith("--") and re.match(r"(add|remove|set)-|zone$", key):
            value = rest.pop(0)
        yield key, value


def _rich(text: str, source: str) -> Iterator[Rule]:
    named = dict(re.findall(r"\b(address|name|port|protocol)=\"?([^\"\s]+)", text))
    action = "allow" if re.search(r"\baccept\b", text) else "deny" if re.search(r"\b(drop|reject)\b", text) else ""
    what = named.get("name") or (f"{named['port']}/{named.get('protocol', 'tcp')}" if "port" in named else "")
    if action and "NOT" not in text:
        yield from _rule(action, _SERVICES.get(what, what), named.get("address", source))


def _rule(action: str, port: str, source: str) -> Iterator[Rule]:
    """`443/tcp`, `443`, `https`, "" for every port."""
    number, _, proto = port.partition("/")
    try:
        yield Rule(
            action, proto or ("tcp" if port else "any"), port_of(number) if number else "any", src=source
        ).normal()
    except Refused:
        return
