"""DOCKER-USER: the chain that Docker asks before it lets a packet to a published port."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from policies.reading.ufw.reach import ranges

CHAIN = "DOCKER-USER"
_EVERY_PORT = range(1, 65536)
_INSIDE = re.compile(r"(lo|docker|br-|veth|tailscale|wg|tun)")
_PRIVATE = re.compile(r"(10|127|192\.168|172\.(1[6-9]|2\d|3[01]))\.")


@dataclass(frozen=True)
class Filter:
    """One rule of the chain: `words` as iptables has them, without the chain."""

    words: tuple[str, ...]

    def after(self, *names: str) -> str:
        """The value of an option; "" where it is not there or stands behind a `!`."""
        for at, word in enumerate(self.words[:-1]):
            if word in names and (at == 0 or self.words[at - 1] != "!"):
                return self.words[at + 1]
        return ""

    @property
    def target(self) -> str:
        return self.after("-j", "--jump", "-g")

    @property
    def ports(self) -> list[range]:
        return ranges(self.after("--ctorigdstport", "--dport", "--dports", "--destination-port"))

    @property
    def is_of_others(self) -> bool:
        """Whether it is not about what comes new from outside: answers, traffic of containers, of some sources."""
        state = self.after("--ctstate", "--state")
        source = self.after("-s", "--source", "--src")
        return bool(
            (state and "NEW" not in state.split(","))
            or _INSIDE.match(self.after("-i", "--in-interface"))
            or (source and source != "0.0.0.0/0")
        )

    @property
    def lets_in(self) -> bool:
        return self.target in ("RETURN", "ACCEPT")

    @property
    def closes(self) -> bool:
        return self.target in ("DROP", "REJECT") or bool(re.search(r"deny|drop|reject", self.target.lower()))


def changed(chain: list[Filter], argv: Sequence[str]) -> list[Filter]:
    """The chain after an iptables command, whose words stand behind the program's name."""
    words = list(argv)
    at = next((at for at, word in enumerate(words) if word in _VERBS), None)
    if at is None or words[at + 1 : at + 2] != [CHAIN]:
        return chain
    verb, rest = _VERBS[words[at]], words[at + 2 :]
    if verb == "flush":
        return []
    number = int(rest.pop(0)) if rest and rest[0].isdecimal() else None
    rule = Filter(tuple(rest))
    if verb == "append":
        return [*chain, rule]
    if verb == "insert":
        return [*chain[: (number or 1) - 1], rule, *chain[(number or 1) - 1 :]]
    if number is not None:
        return chain[: number - 1] + chain[number:]
    return [each for each in chain if each != rule]


_VERBS = {"-A": "append", "--append": "append", "-I": "insert", "--insert": "insert", "-D": "delete",
          "--delete": "delete", "-F": "flush", "--flush": "flush"}  # fmt: skip


def restored(chain: list[Filter], text: str) -> list[Filter]:
    """The chain after `iptables-restore -n` of a text, as UFW does with after.rules."""
    for line in text.splitlines():
        if line.startswith(f":{CHAIN} "):
            chain = []
        elif f" {CHAIN} " in line:
            try:
                chain = changed(chain, shlex.split(line, comments=True))
            except ValueError:
                continue
    return chain


def let_in(chain: Sequence[Filter], forwarded: Sequence[range]) -> list[range] | None:
    """The ports that the chain lets in from outside, None where it lets in whatever it does not know.

    `forwarded`: what UFW's own route rules let in, for a chain that asks them.
    """
    found: list[range] = []
    for rule in chain:
        if rule.target == "ufw-user-forward":
            found += forwarded
        elif rule.is_of_others:
            continue
        elif rule.lets_in and not rule.ports and not _is_private(rule):
            return None
        elif rule.lets_in:
            found += rule.ports
        elif rule.closes and (not rule.ports or _EVERY_PORT in rule.ports):
            return found
    return None


def _is_private(rule: Filter) -> bool:
    return bool(_PRIVATE.match(rule.after("-d", "--destination")) or rule.after("-o"))
