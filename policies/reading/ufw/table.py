"""UFW's table: what its commands make of it, in the tool's own order and with its own refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from policies.reading.ufw.applications import expanded, numbered
from policies.reading.ufw.clauses import with_port
from policies.reading.ufw.names import KNOWN, is_profile_name, profile_named
from policies.reading.ufw.rule import Refused, Rule


def _unset() -> dict[str, str]:
    return {"incoming": "deny", "outgoing": "allow", "routed": "deny"}


@dataclass
class Table:
    """The rules of both families, the defaults and whether the firewall is on; a fresh one is as Debian installs it."""

    rules: list[Rule] = field(default_factory=list)
    rules6: list[Rule] = field(default_factory=list)
    defaults: dict[str, str] = field(default_factory=_unset)
    enabled: bool = False
    ipv6: bool = True
    new_profiles: str = "skip"
    profiles: Mapping[str, str] = field(default_factory=lambda: KNOWN)

    def copy(self) -> Table:
        return replace(self, rules=list(self.rules), rules6=list(self.rules6), defaults=dict(self.defaults))

    def read(self, v6: bool) -> list[Rule]:
        """The rules of a family as the tool reads them."""
        return [rule for rule in (self.rules6 if v6 else self.rules) if rule.is_read]

    def count(self, v6: bool) -> int:
        """How many rules `ufw status numbered` shows: those of one profile are one."""
        return len(numbered(self.read(v6)))

    def number(self, number: int) -> Rule:
        """Raises Refused where there is none."""
        shown = numbered(self.read(False) + self.read(True))
        if not 0 < number <= len(shown):
            raise Refused(f"there is no rule {number}")
        return shown[number - 1]

    def named(self, rule: Rule, remove: bool) -> Rule:
        """The rule with its profiles spelled as they are; a profile that is gone may still be deleted. Raises Refused."""
        for end, name in (("dst", rule.dapp), ("src", rule.sapp)):
            if not name:
                continue
            try:
                found = profile_named(name, self.profiles)
                if found != name:
                    rule = replace(rule, dapp=found) if end == "dst" else replace(rule, sapp=found)
                    rule = with_port(rule, found, "dst")  # the tool's own slip: a source's profile is no port
            except Refused:
                if not remove or not is_profile_name(name):
                    raise
        return rule

    def apply(self, rule: Rule, family: str, remove: bool, position: int) -> None:
        """Adds, inserts or deletes a rule in the tables of its family. Raises Refused, with what was done until then."""
        rules = self._expanded(rule, family, remove, position)
        counts = [self.count(False), self.count(True)]
        for at, each in enumerate(rules):
            place = position
            if place > sum(counts):
                raise Refused(f"there is no position {place}")
            try:
                if not self.ipv6:
                    self._without_v6(each, family, remove, place, counts[0], at)
                elif family == "both":
                    counts[0] = self._both(each, remove, place, counts, at)
                else:
                    self._one(each, family == "v6", remove, place, counts, at)
            except Refused:
                if len(rules) > 1:
                    for done in rules[at::-1] if at else ():
                        self.apply(done, family, True, 0)
                raise

    def _without_v6(self, rule: Rule, family: str, remove: bool, place: int, count: int, at: int) -> None:
        if family == "v6":
            raise Refused("IPv6 is off")
        self._set(rule.family(False), remove, _first(at, count) if place == -1 else place)

    def _one(self, rule: Rule, v6: bool, remove: bool, place: int, counts: list[int], at: int) -> None:
        if place == -1:
            place = _first(at, counts[v6])
        elif v6 and place > counts[0]:
            place -= counts[0]
        elif (v6 and place) or (not v6 and place > counts[0]):
            raise Refused(f"position {place} is in the other family")
        self._set(rule.family(v6), remove, place)

    def _both(self, rule: Rule, remove: bool, asked: int, counts: list[int], at: int) -> int:
        """Both tables; a position in one is that of the same rule in the other. Returns how many IPv4 rules there are."""
        count, place = counts[0], asked
        if asked == -1:
            place = _first(at, count)
        elif not remove and asked > count:
            place = self._other(asked - count + at, True)
        self._set(rule.family(False), remove, place)
        if not remove and asked > 0:
            count, place = self.count(False), asked + 1
        if asked == -1:
            place = _first(at, counts[1])
        elif not remove and 0 < place <= count:
            found = self._other(place, False)
            place = found - at if found > 0 else 0
        if not remove and place > count and asked != -1:
            place -= count
        self._set(rule.family(True), remove, place)
        return count

    def _other(self, position: int, v6: bool) -> int:
        """Where the other family has the rule of this position; 0 where it has none. Raises Refused."""
        mine, theirs = self.read(v6), self.read(not v6)
        if not 0 < position <= len(mine):
            raise Refused(f"there is no position {position}")
        before = [rule.application for rule in mine[:position] if rule.application]
        at = position - 1 + len(before) - len(set(before))
        if at >= len(mine):
            raise Refused(f"there is no position {position}")
        wanted = mine[at].family(not v6)
        return next((place for place, rule in enumerate(theirs, 1) if rule.matches(wanted) == 0), 0)

    def _set(self, rule: Rule, remove: bool, position: int) -> None:
        """One rule in one table. Raises Refused."""
        if rule.multi and rule.proto not in ("tcp", "udp"):
            raise Refused("several ports need tcp or udp")
        rules = self.read(rule.v6)
        if not 0 <= position <= len(rules) or (position and remove):
            raise Refused(f"there is no position {position}")
        rule = rule.normal()
        made: list[Rule] = []
        found = inserted = modified = False
        matches = 0
        last: tuple[str, str, str, str] = ("", "", "", "")
        for count, old in enumerate(rules, 1):
            current = (old.dst, old.src, old.dapp, old.sapp)
            if count == position:
                if (last[2:] == ("", "") and count > 1) or current[2:] == ("", "") or last != current:
                    made.append(rule)
                    inserted = True
                else:
                    position += 1
            last = current
            same = old.matches(rule)
            matches += same < 1
            if same == 0 and not found and not inserted:
                found = True
                made += [] if remove else [rule]
            elif same == -2 and remove and not rule.comment:
                found = True
            elif same < 0 and not remove and not inserted:
                found = modified = True
                made.append(rule)
            else:
                made.append(old)
        if (inserted and matches) or (not inserted and found and not remove and not modified):
            return
        if not inserted and not found:
            if remove:
                return
            made.append(rule)
        if rule.v6:
            self.rules6 = made
        else:
            self.rules = made

    def _expanded(self, rule: Rule, family: str, remove: bool, position: int) -> list[Rule]:
        """The rules that a rule with profiles stands for. Raises Refused."""
        if not rule.application:
            return [rule]
        if not remove:
            found = expanded(rule, self.profiles)
            return found[::-1] if position else found
        among = self.read(family == "v6")
        wanted = rule.family(family == "v6").normal().application
        return [replace(old, action=rule.action, log=rule.log) for old in among if old.application == wanted]


def _first(at: int, count: int) -> int:
    """Where a rule is prepended."""
    return 0 if at == 0 and count == 0 else 1
