"""UFW's rules, as the firewall command says them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.model import Resource, Stack
from policies.reading.commands import first

_ALLOW = re.compile(
    r"^\s*(?:sudo )?ufw (?:--force )?allow (?:from (?P<source>\S+) to any port (?P<from_port>[\d:,]+)(?: proto \w+)?"
    r"|(?:in )?(?P<port>[\d:,]+|any|OpenSSH|ssh|http|https)(?:/(?P<proto>tcp|udp))?)",
    re.M,
)
_NAMED = {"OpenSSH": "22", "ssh": "22", "http": "80", "https": "443", "any": "1:65535"}
_ENABLE = re.compile(r"\bufw (?:--force )?enable\b")
_DEFAULT = re.compile(r"\bufw (?:--force )?default (\w+) incoming\b")


def ranges(port: str) -> list[range]:
    """`80`, `3001:3010`, `80,443` as ranges; [] for what is none."""
    found = []
    for part in _NAMED.get(port, port).split(","):
        low, _, high = part.replace("-", ":").partition(":")
        if low.isdecimal() and (high or low).isdecimal() and len(low) < 6 and len(high) < 6:
            found.append(range(int(low), int(high or low) + 1))
    return found


def covers(opened: list[range], port: int) -> bool:
    return any(port in each for each in opened)


@dataclass(frozen=True)
class Ufw:
    """What the firewall command does: ports allowed in, where it allows SSH and enables, the default for the rest."""

    resource: Resource
    text: str

    @property
    def opened(self) -> list[range]:
        return [
            part for match in _ALLOW.finditer(self.text) for part in ranges(match["port"] or match["from_port"] or "")
        ]

    @property
    def enabled_at(self) -> int | None:
        match = _ENABLE.search(self.text)
        return match.start() if match else None

    @property
    def ssh_at(self) -> int | None:
        for match in _ALLOW.finditer(self.text):
            if covers(ranges(match["port"] or match["from_port"] or ""), 22):
                return match.start()
        return None

    @property
    def default(self) -> str | None:
        match = _DEFAULT.search(self.text)
        return match[1] if match else None

    @property
    def guarded(self) -> list[range] | None:
        """Ports that DOCKER-USER lets in from outside, None where there is no guard that drops the rest."""
        if not re.search(r"-A DOCKER-USER (?:-\S+ \S+ )*-j DROP", self.text):
            return None
        allowed = re.findall(r"-A DOCKER-USER .*--ctorigdstport ([\d:,]+) -j (?:RETURN|ACCEPT)", self.text)
        return [part for port in allowed for part in ranges(port)]


def ufw(stack: Stack) -> Ufw | None:
    """The command that configures UFW, None where there is none. Raises Unjudged where a command is unknown."""
    return first(stack, lambda script: Ufw(script.resource, script.text) if _is_ufw(script.text) else None)


def _is_ufw(text: str) -> bool:
    return bool(_ALLOW.search(text) or _ENABLE.search(text) or _DEFAULT.search(text))
