"""nftables: the chains at its input hook, as rules of UFW's table (source: nft(8))."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from policies.reading.shell import known
from policies.reading.ufw.names import port_of
from policies.reading.ufw.rule import ANY4, Refused, Rule

_ACTIONS = {"accept": "allow", "drop": "deny", "reject": "reject"}
_STATE = re.compile(r"\bct\s+state\s+(\{[^}]*\}|\S+)")


class Inputs:
    """The rules at the input hook of one host, and the chains' policy."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.unclear: list[str] = []
        self.policy = ""
        self._chain = ("", "", "")

    def load(self, text: str) -> None:
        """`nft -f` of a text."""
        text = re.sub(r"#.*", "", text)
        if re.search(r"\bflush\s+ruleset\b", text):
            self.rules, self.policy = [], ""
        for name, value in re.findall(r"^\s*define\s+(\w+)\s*=\s*(.+?)\s*$", text, re.M):
            text = re.sub(rf"\${name}\b", value.replace("\\", r"\\"), text)
        for family, table, body in re.findall(
            r"\btable\s+(?:(inet|ip|ip6)\s+)?(\w+)\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", text
        ):
            for name, inner in re.findall(r"\bchain\s+(\w+)\s*\{((?:[^{}]|\{[^{}]*\})*)\}", body):
                if family != "ip6" and re.search(r"\bhook\s+input\b", inner):
                    self._chain = (family, table, name)
                    self._settle(inner)
                    for statement in re.split(r"[;\n]", inner):
                        self.rules += self._rule(statement)
        for line in text.splitlines():
            if line.strip().startswith(("add ", "insert ", "flush ")):
                self.run(line.split())

    def run(self, argv: Sequence[str]) -> None:
        """`nft add chain …`, `nft add rule …`, without the program's name."""
        said = " ".join(argv)
        if re.search(r"\bflush\s+ruleset\b", said):
            self.rules, self.policy = [], ""
        chain = re.match(r"add\s+chain\s+(?:(inet|ip)\s+)?(\w+)\s+(\w+)\s*\{(.*)\}", said)
        if chain and re.search(r"\bhook\s+input\b", chain[4]):
            self._chain = (chain[1] or "", chain[2], chain[3])
            self._settle(chain[4])
        rule = re.match(r"(add|insert)\s+rule\s+(?:(inet|ip)\s+)?(\w+)\s+(\w+)\s+(.*)", said)
        if rule and (rule[3], rule[4]) == self._chain[1:]:
            made = list(self._rule(rule[5]))
            self.rules = [*made, *self.rules] if rule[1] == "insert" else [*self.rules, *made]

    def _settle(self, text: str) -> None:
        found = re.search(r"\bpolicy\s+(\w+)", text)
        self.policy = found[1] if found else self.policy or "accept"

    def _rule(self, statement: str) -> Iterator[Rule]:
        verdict = re.search(r"\b(accept|drop|reject)\b", statement)
        state = _STATE.search(statement)
        if re.search(r"\b(policy|hook)\b", statement) or (state and "new" not in state[1]):
            return
        if re.search(r"\b(jump|goto|vmap)\b", statement):
            self.unclear.append(statement.strip())
        if verdict is None or re.search(
            r"\b(icmp|icmpv6|ipv6-icmp|ip6|ether|fib)\b|\blimit\s+rate\s+over\b", statement
        ):
            return
        if not known(statement) or re.search(r"!=|@|\b(mac|meta\s+skuid|time)\b", statement):
            self.unclear += [statement.strip()] if verdict[1] == "accept" else []
            return
        ports = re.search(r"\b(tcp|udp|th)\s+dport\s+(\{[^}]*\}|[\w-]+)", statement)
        sources = re.search(r"\bip\s+saddr\s+(\{[^}]*\}|[\d./]+)", statement)
        name = re.search(r"\biif(?:name)?\s+\"?([\w.-]+)", statement)
        if ports is None and re.search(r"\b(ip|meta)\s+(protocol|l4proto)\b|\bdport\b", statement):
            return
        try:
            for source in _words(sources[1]) if sources else [ANY4]:
                yield Rule(
                    _ACTIONS[verdict[1]],
                    ports[1] if ports and ports[1] != "th" else "any",
                    ",".join(port_of(part) for part in _words(ports[2])) if ports else "any",
                    src=source,
                    iface_in=name[1] if name else "",
                ).normal()
        except Refused:
            return


def _words(text: str) -> list[str]:
    """`22`, `{ 22, 80-90 }`."""
    return [part.strip() for part in text.strip("{} ").split(",") if part.strip()]
