"""UFW, and what iptables makes of it: on, denying by default, our ports open, Docker's behind it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mech_infra.commands.firewall import WEB, Allow, closing
from mech_infra.commands.swarm import COMMENT
from mech_infra.facts.host.onhost import run, text
from mech_infra.facts.host.program import on_host, reads
from mech_infra.facts.model import Check, Facts, Watch, listed

_EVERYBODY = "0.0.0.0/0"
_OURS = ("mech", COMMENT)


@reads()
def ufw() -> dict[str, Any]:
    """As its files have it; a rule is [action, protocol, dport, dst, sport, src, direction …]."""
    rules = tuples("/etc/ufw/user.rules")
    policy = re.search(r'^DEFAULT_INPUT_POLICY="?(\w+)', text("/etc/default/ufw") or "", re.M)
    enabled = re.search(r"^ENABLED=yes", text("/etc/ufw/ufw.conf") or "", re.M)
    after = text("/etc/ufw/after.rules") or ""
    return {"enabled": bool(enabled), "policy": policy.group(1) if policy else "", "rules": rules, "after": after}


@on_host
def tuples(path: str) -> list[dict[str, Any]]:
    """The rules of one of its files."""
    found = []
    for line in (text(path) or "").splitlines():
        if line.startswith("### tuple ###"):
            words = line.split()[3:]
            comment = words.pop()[len("comment=") :] if words and words[-1].startswith("comment=") else ""
            found.append({"tuple": words, "comment": bytes.fromhex(comment).decode(errors="replace")})
    return found


@reads()
def chains() -> list[str] | None:
    """As the kernel has it: the filter table."""
    code, said = run("iptables", "-w", "5", "-S")
    return said.splitlines() if code == 0 else None


@dataclass(frozen=True)
class On(Check, kind="ufw-on", reads=["ufw"]):
    label = "UFW"
    good = "on"

    def judge(self, facts: Facts) -> str | None:
        if not facts["ufw"]["enabled"]:
            return "off"
        loaded = (live := facts.get("chains")) is None or "-A INPUT -j ufw-before-input" in live
        return None if loaded else "on, but its rules are not loaded"


@dataclass(frozen=True)
class Denies(Check, kind="ufw-denies", reads=["ufw"]):
    label = "UFW's default for incoming"
    good = "deny"

    def judge(self, facts: Facts) -> str | None:
        about, live = facts["ufw"], facts.get("chains")
        if about["policy"] != "DROP":
            return {"ACCEPT": "allow", "REJECT": "reject"}.get(about["policy"], about["policy"].lower() or "not set")
        return "allow (iptables)" if about["enabled"] and live is not None and "-P INPUT DROP" not in live else None


@dataclass(frozen=True)
class Rule(Check, kind="ufw-rule", reads=["ufw"]):
    """A port or range of TCP, unless it says UDP, that is open to `source`, a CIDR, or to everybody."""

    port: str
    source: str = ""
    proto: str | None = None

    @property
    def label(self) -> str:
        return f"{self.port}/{self.proto or 'tcp'}" + (f" from {self.source}" if self.source else "")

    good = "open"

    def judge(self, facts: Facts) -> str | None:
        if ":" in self.source:
            return None  # IPv6 rules stand in a file of their own, that nothing here reads
        tuples = [rule["tuple"] for rule in facts["ufw"]["rules"]]
        wanted = ["allow", self.proto or "tcp", self.port, "0.0.0.0/0", "any", self.source or _EVERYBODY, "in"]
        if self.port == "22" and ["limit", *wanted[1:]] in tuples:
            wanted[0] = "limit"  # somebody's decision about who comes too often; of visitors it would be an outage
        if wanted not in tuples:
            same = [rule[0] for rule in tuples if rule[1:7] == wanted[1:7]]
            return same[0] if same else "missing"
        for rule in tuples[: tuples.index(wanted)]:
            action = rule[0].split("_")[0]
            closes = action in ("deny", "reject") or (action == "limit" and self.port != "22")
            if closes and _covers(rule, self.port, self.proto or "tcp") and _everyone(rule[5], self.source):
                return f"shadowed by `{rule[0]} {rule[2]}{'' if rule[1] == 'any' else '/' + rule[1]}`"
        live = facts.get("chains")
        return None if live is None else self._live(live, loaded=facts["ufw"]["enabled"])

    def _live(self, live: Sequence[str], loaded: bool) -> str | None:
        before = [line for line in live if line.startswith("-A INPUT ")]
        before = before[: next((i for i, line in enumerate(before) if " -j ufw-" in line), len(before))]
        if closed := next((line for line in before if re.search(closing([self.port]), line)), None):
            return f"closed by iptables: `{closed}`"
        accepting = [
            line
            for line in live
            if line.startswith("-A ufw-user-input ") and line.endswith(("-j ACCEPT", "-limit-accept"))
        ]
        if self.source:
            accepting = [line for line in accepting if f" -s {ipaddress.ip_network(self.source)} " in line]
        ports = (f"--dport {self.port} ", f"--dports {self.port} ")
        accepting = [line for line in accepting if f" -p {self.proto or 'tcp'} " in line]
        return "not loaded" if loaded and not any(one in line for line in accepting for one in ports) else None


def rule(allow: Allow) -> Rule:
    return Rule(allow.port, allow.sender, None if allow.proto == "tcp" else allow.proto)


def _covers(rule: Sequence[str], port: str, proto: str = "tcp") -> bool:
    """Whether a rule speaks of one of these ports."""
    if rule[1] not in (proto, "any") or (len(rule) > 6 and not rule[6].startswith("in")):
        return False
    wanted = _ports(port)
    return any(
        part == "any" or any(number in wanted for number in (_ports(part)[0], _ports(part)[-1])) or
        (_ports(part)[0] <= wanted[0] <= _ports(part)[-1])
        for part in rule[2].split(",")
    )  # fmt: skip


def _everyone(source: str, ours: str) -> bool:
    """Whether a rule for `source` speaks of all that ours is for. One that names others is a ban, and somebody's decision."""
    if source in (_EVERYBODY, "any", ours):
        return True
    try:
        return bool(ours) and ipaddress.ip_network(ours).subnet_of(ipaddress.ip_network(source))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False


def _ports(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last or first) + 1)


@dataclass(frozen=True)
class OnlyDeclared(Check, kind="ufw-only-declared"):
    label = "UFW's other rules"
    good = "none"

    def judge(self, facts: Facts) -> str | None:
        others = [rule["tuple"] for rule in listed(facts, "ufw", "rules") if rule["comment"] not in _OURS]
        return ", ".join(f"{rule[0]} {rule[2]}/{rule[1]}" for rule in others) or None


@dataclass(frozen=True)
class DockerGuard(Check, kind="docker-guard", reads=["ufw"]):
    """The rules that keep Docker's published ports behind UFW (commands.firewall.docker_guard)."""

    text: str

    label = "guard over Docker's published ports"
    good = "in force"

    def judge(self, facts: Facts) -> str | None:
        about, live = facts["ufw"], facts.get("chains")
        if self.text not in about["after"]:
            return "edited" if "mech: published ports" in about["after"] else "missing"
        wanted = [line for line in self.text.splitlines() if line.startswith("-A DOCKER-USER")]
        now = [line for line in live or [] if line.startswith("-A DOCKER-USER") and f"--comment {COMMENT}" not in line]
        return "not in force" if live is not None and about["enabled"] and now[: len(wanted)] != wanted else None


@dataclass(frozen=True)
class BesideGuard(Check, kind="beside-guard", reads=["ufw"]):
    """The rules by which members of a fleet ask each other's tasks (commands.swarm.beside_guard)."""

    text: str

    label = "guard lets members in"
    good = "in force"

    def judge(self, facts: Facts) -> str | None:
        about, live = facts["ufw"], facts.get("chains")
        if self.text not in about["after"]:
            return "missing"
        wanted = re.sub(r"^-I (\S+) 1 ", r"-A \1 ", self.text, flags=re.M)
        lines = [line for line in wanted.splitlines() if line.startswith("-A ")]
        lost = live is not None and about["enabled"] and any(line not in live for line in lines)
        return "not in force" if lost else None


@dataclass(frozen=True)
class ForeignRules(Watch, kind="foreign-rules"):
    """Rules outside UFW that close none of our ports, and those `in_ufw` unless they are drift (onlyDeclared).

    `edge_only`: ports at which nobody but the edge should be let in.
    """

    in_ufw: bool
    closing: str
    edge_only: list[str] | None = None

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for rule in listed(facts, "ufw", "rules"):
            if self.in_ufw and rule["comment"] not in _OURS:
                action, protocol, port, _, _, source = rule["tuple"][:6]
                whom = "" if source in (_EVERYBODY, "any") else f" from {source}"
                opens = action == "allow" and any(_covers(rule["tuple"], own) for own in self.edge_only or [])
                beside = ": others than Cloudflare get in" if opens else ""
                yield (
                    f"not ours: UFW has the rule `{action} {port}/{protocol}{whom}`, which is not declared{beside} "
                    "(left as it is)"
                )
        for line in facts.get("chains") or []:
            ours = line.startswith("-A INPUT -j ufw-") or re.search(self.closing, line)
            if line.startswith("-A INPUT ") and not ours:
                yield f"not ours: iptables has the rule `{line}` outside UFW (left as it is)"


def foreign_rules(allowed: Sequence[Allow], in_ufw: bool = True) -> ForeignRules:
    limited = [port for port in WEB if any(allow.source for allow in allowed if allow.port == port)]
    return ForeignRules(in_ufw, closing([allow.port for allow in allowed]), limited or None)
