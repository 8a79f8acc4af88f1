"""The firewall of a host that has no UFW, by the commands and files of a program."""

from __future__ import annotations

from policies.model import Resource
from policies.reading.commands import Script
from policies.reading.shell import Act, known
from policies.reading.ufw.docker import changed, restored
from policies.reading.ufw.host import Host, Moment
from policies.reading.ufw.reach import spoken_of
from policies.reading.ufw.rule import Rule
from policies.reading.ufw.walls.firewalld import Zones
from policies.reading.ufw.walls.nft import Inputs
from policies.reading.ufw.walls.packets import Chains

NAMES = ("iptables", "iptables-restore", "nft", "firewall-cmd", "netfilter-persistent", "systemctl", "service")
_FILES = {"iptables-restore": "/etc/iptables/rules.v4", "nft": "/etc/nftables.conf"}
_UNITS = {"netfilter-persistent": "/etc/iptables/rules.v4", "nftables": "/etc/nftables.conf"}


class Wall:
    """What a host's other firewalls are told, act by act."""

    def __init__(self, name: str) -> None:
        self.host = Host(name, Resource("", name, {}))
        self.chains, self.inputs, self.zones = Chains(), Inputs(), Zones()
        self.by: dict[str, Resource] = {}  # who told each tool first
        self.scripts: list[Script] = []

    def tell(self, script: Script) -> None:
        self.scripts.append(script)
        for act in script.trace.of(*NAMES):
            if act.sure:
                self._act(script, act)
            elif act.name in ("iptables", "nft", "firewall-cmd") and act.name in self.by:
                self.host.unclear.append(" ".join(act.argv))

    def _act(self, script: Script, act: Act) -> None:
        words = list(act.argv[1:])
        if act.name == "iptables":
            self.chains.run(words)
            self.host.chain = changed(self.host.chain, words)
            told = "iptables" if self.chains.touched else ""
        elif act.name == "iptables-restore":
            text = _held(act, next((word for word in words if not word.startswith("-")), ""))
            told = self._restored(text, whole=not {"-n", "--noflush"} & set(words))
        elif act.name == "nft":
            told = self._nft(act, words)
        elif act.name == "firewall-cmd":
            self.zones.run(words)
            told = "firewalld" if any(word.startswith(("--add", "--remove", "--set")) for word in words) else ""
        else:
            told = self._unit(act, words)
        if told:
            self.by.setdefault(told, script.resource)

    def _unit(self, act: Act, words: list[str]) -> str:
        """A unit, or netfilter-persistent itself, that loads a file."""
        starts = {"start", "restart", "reload", "enable"} & set(words)
        path = next((path for name, path in _UNITS.items() if act.name == name or name in " ".join(words).split()), "")
        text = act.files.get(path) if starts else None
        if text is None:
            return ""
        if path == _UNITS["nftables"]:
            self.inputs.load(text)
            return "nftables" if self.inputs.policy else ""
        return self._restored(text, whole=True)

    def _restored(self, text: str, whole: bool) -> str:
        self.chains.restore(text, whole)
        self.host.chain = restored(self.host.chain, text)
        return "iptables" if self.chains.touched else ""

    def _nft(self, act: Act, words: list[str]) -> str:
        at = next((at for at, word in enumerate(words) if word in ("-f", "--file")), None)
        if at is not None and words[at + 1 :]:
            self.inputs.load(_held(act, words[at + 1]))
        else:
            self.inputs.run(words)
        return "nftables" if self.inputs.policy else ""

    def done(self) -> Host | None:
        """The host, None where nobody says who may come in."""
        if not self.by:
            return None
        host = self.host
        host.tool, host.resource = next(iter(self.by.items()))
        rules, closes = self._told(host.tool)
        host.unclear += [*self.chains.unclear, *self.inputs.unclear, *self.zones.unclear]
        for table in (host.sure, host.every):
            table.rules, table.rules6, table.enabled, table.ipv6 = list(rules), [], True, False
            table.defaults["incoming"] = "deny" if closes else "allow"
        host.wanted = [
            part for rule in rules if rule.action == "allow" and known(rule.dport) for part in spoken_of(rule)
        ]
        host.scripts = self.scripts
        host.moments = [Moment(host.resource, host.sure.copy(), host.every.copy(), enabling=False)]
        return host

    def _told(self, tool: str) -> tuple[list[Rule], bool]:
        """(rules, whether what none of them lets in is closed)."""
        if tool == "firewalld":
            return list(self.zones.rules()), self.zones.closes
        if tool == "nftables":
            return self.inputs.rules, self.inputs.policy == "drop"
        return list(self.chains.rules()), self.chains.policies.get("INPUT") == "DROP"


def others(name: str, scripts: list[Script]) -> Host | None:
    """The host's firewall where it is another than UFW."""
    wall = Wall(name)
    for script in scripts:
        wall.tell(script)
    return wall.done()


def _held(act: Act, path: str) -> str:
    """The text that a command is fed with, by a file's name or as its input."""
    text = act.files.get(path) if path not in ("", "-", "/dev/stdin") else act.stdin
    return text if text is not None and known(text) else ""
