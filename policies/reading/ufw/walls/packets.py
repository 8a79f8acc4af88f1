"""iptables: a chain's rules about what comes new from outside, as rules of UFW's table."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from policies.reading.shell import known
from policies.reading.ufw.docker import Filter
from policies.reading.ufw.names import port_of
from policies.reading.ufw.rule import ANY4, Refused, Rule, Unclear

_ACTIONS = {"ACCEPT": "allow", "DROP": "deny", "REJECT": "reject"}
# What these ask makes a refusal one of some packets only, not of all who come.
# Targets that are no chains, and chains of programs that only keep somebody out.
_ENDS = ("ACCEPT", "DROP", "REJECT", "LOG", "NFLOG", "RETURN", "MARK", "CONNMARK", "AUDIT", "TARPIT")
_PARTIAL = {
    "recent",
    "limit",
    "hashlimit",
    "connlimit",
    "set",
    "string",
    "geoip",
    "mac",
    "owner",
    "u32",
    "length",
    "time",
}
# … and a permission one for some.
_WHO = {"set", "string", "geoip", "mac", "owner", "u32", "time", "iprange", "dynset"}
_VERBS = {
    "-A": "add", "--append": "add", "-I": "insert", "--insert": "insert", "-D": "delete", "--delete": "delete", "-F": "flush",
    "--flush": "flush", "-P": "policy", "--policy": "policy", "-N": "new", "--new-chain": "new", "-R": "replace", "--replace": "replace",
}  # fmt: skip


def rule_of(words: Sequence[str]) -> Rule | None:
    """One rule of a chain by its words; None for one that is not about who comes new from outside.

    Raises Unclear for one that lets in some of whom only the host knows who they are.
    """
    one = Filter(tuple(words))
    action = _ACTIONS.get(one.target)
    state = one.after("--ctstate", "--state")
    if action is None or (state and "NEW" not in state.split(",")):
        return None
    modules = {words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-m", "--match")}
    if action != "allow" and (modules & _PARTIAL or {"--tcp-flags", "--syn", "!"} & set(words)):
        return None
    if not known(*words) or "!" in words or modules & _WHO or {"--rcheck", "--update"} & set(words):
        raise Unclear(" ".join(words))
    proto = one.after("-p", "--proto", "--protocol") or "any"
    if proto not in ("any", "all", "tcp", "udp"):
        return None
    named = one.after("--dport", "--destination-port", "--dports", "--destination-ports")
    source = one.after("-s", "--source", "--src")
    try:
        return Rule(
            action,
            proto if proto != "all" else "any",
            ",".join(port_of(part) for part in named.split(",")) if named else "any",
            src=source or ANY4,
            dst=one.after("-d", "--destination", "--dst") or ANY4,
            iface_in=one.after("-i", "--in-interface"),
        ).normal()
    except Refused:
        return None


@dataclass
class Chains:
    """The filter table of one host."""

    chains: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    touched: bool = False  # whether somebody said what comes in
    unclear: list[str] = field(default_factory=list)

    def run(self, argv: Sequence[str]) -> None:
        """`iptables …`, without the program's name."""
        words = list(argv)
        if "-t" in words[:-1] and words[words.index("-t") + 1] != "filter":
            return
        at = next((at for at, word in enumerate(words) if word in _VERBS), None)
        if at is None:
            return
        verb, rest = _VERBS[words[at]], words[at + 1 :]
        if verb == "flush" and not rest:
            self.chains = {}
            return
        chain, rest = (rest[0], rest[1:]) if rest else ("", [])
        self.touched |= chain == "INPUT" and verb in ("add", "insert", "policy", "replace")
        there = self.chains.setdefault(chain, [])
        if verb == "policy":
            self.policies[chain] = rest[0] if rest else ""
        elif verb == "flush":
            there.clear()
        elif verb == "add":
            there.append(tuple(rest))
        elif verb == "insert":
            number = int(rest.pop(0)) if rest and rest[0].isdecimal() else 1
            there.insert(number - 1, tuple(rest))
        elif verb in ("delete", "replace") and rest and rest[0].isdecimal():
            there[int(rest[0]) - 1 : int(rest[0])] = [tuple(rest[1:])] if verb == "replace" else []
        elif verb == "delete" and tuple(rest) in there:
            there.remove(tuple(rest))

    def restore(self, text: str, whole: bool = True) -> None:
        """`iptables-restore` of a text; `whole`: without `-n`, so that what was there is gone."""
        table = "filter"
        for line in text.splitlines():
            if line.startswith("*"):
                table = line[1:].strip()
                if table == "filter" and whole:
                    self.chains, self.policies = {}, {}
            elif table == "filter" and (head := re.match(r":(\S+)\s+(\S+)", line)):
                self.policies[head[1]] = head[2]
                self.touched |= head[1] == "INPUT"
            elif table == "filter" and line.startswith("-"):
                try:
                    self.run(shlex.split(line, comments=True))
                except ValueError:
                    continue

    def rules(self, chain: str = "INPUT", deep: int = 0) -> Iterator[Rule]:
        """What a chain says of who comes from outside, with the chains that it asks."""
        for words in self.chains.get(chain, []):
            one = Filter(words)
            inner = one.target if one.target in self.chains and deep < 8 else ""
            conditions = [word for word in words if word not in ("-j", "--jump", "-g", inner)]
            for each in ([*conditions, *rule] for rule in self.chains[inner]) if inner else (list(words),):
                try:
                    made = rule_of(each)
                except Unclear as what:
                    self.unclear.append(str(what))
                    continue
                if made is not None:
                    yield made
            if not inner and one.target and one.target not in _ENDS and not one.target.startswith("f2b-"):
                self.unclear.append(f"chain {one.target}")
