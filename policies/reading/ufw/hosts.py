"""The firewall of each host of a program: what its commands leave there, in the program's order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from policies.model import LOCAL, REMOTE, Resource, Stack, Unjudged
from policies.reading.commands import Script, scripts, unknown_scripts
from policies.reading.shell import HOLE, Act, known
from policies.reading.ufw.docker import Filter, changed, let_in, restored
from policies.reading.ufw.profiles import profiles
from policies.reading.ufw.reach import opened, ranges, spoken_of, who
from policies.reading.ufw.rule import NoProfile, Refused, Unclear
from policies.reading.ufw.table import Table
from policies.reading.ufw.tool import Aborted, run
from policies.reading.ufw.words import order

_AFTER, _DEFAULTS, _CONF = "/etc/ufw/after.rules", "/etc/default/ufw", "/etc/ufw/ufw.conf"
_POLICIES = {"ACCEPT": "allow", "DROP": "deny", "REJECT": "reject"}
_WAYS = {"INPUT": "incoming", "OUTPUT": "outgoing", "FORWARD": "routed"}


@dataclass
class Moment:
    """A table at a time when it matters, and whose doing it was."""

    resource: Resource
    sure: Table
    every: Table
    enabling: bool  # by `ufw enable`; else at the end of a command, after which others come in anew


@dataclass
class Host:
    """One host: its table by what is surely done, and by all that may be; what the tool refused, asked or is not known."""

    name: str
    resource: Resource  # the first that says something to UFW
    sure: Table = field(default_factory=Table)
    every: Table = field(default_factory=Table)
    unclear: list[str] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    refused: list[tuple[Resource, str]] = field(default_factory=list)
    aborted: list[tuple[Resource, str]] = field(default_factory=list)
    disabled: Resource | None = None  # who turned it off last
    defaults: dict[str, Resource] = field(default_factory=dict)  # who set a default last
    wanted: list[range] = field(default_factory=list)  # ports that a command lets in, at one time or other
    chain: list[Filter] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)

    @property
    def opened(self) -> list[range]:
        """TCP ports that rules surely open to the internet, or to a part of it."""
        return opened(self.sure)

    @property
    def guarded(self) -> list[range] | None:
        """Ports that DOCKER-USER lets in from outside, None where there is no guard that drops the rest."""
        routed = [
            part for rule in self.sure.rules if rule.forward and rule.action == "allow" for part in spoken_of(rule)
        ]
        return let_in(self.chain, routed)

    def sources(self, port: int) -> list[str]:
        """Who is let in at a TCP port over IPv4: addresses and networks, "" for everybody."""
        found = who(self.sure, port).least
        return [""] if found.everybody else found.public

    def everybody(self, port: int, proto: str = "tcp", v6: bool = False) -> bool | None:
        """Whether all of the internet reaches a port; None where it cannot be known."""
        answers = [who(table, port, proto, v6) for table in (self.sure, self.every)]
        if all(answer.least.everybody for answer in answers):
            return True
        opening = any(" delete " not in said for said in self.unclear)
        return None if opening or any(answer.most.everybody for answer in answers) else False

    def closed(self, port: int, proto: str = "tcp", way: str = "in") -> bool | None:
        """Whether nobody reaches a port (`way` out: whether it is reached nowhere); None where it cannot be known."""
        return shut(self.sure, self.every, self.unclear, [port], proto, way)


def shut(
    sure: Table, every: Table, unclear: Sequence[str], ports: Iterable[int], proto: str = "tcp", way: str = "in"
) -> bool | None:
    """Whether none of these ports lets anybody in; None where it cannot be known."""
    if any(who(sure, port, proto, way=way).least.words for port in ports):
        return False
    possible = any(who(table, port, proto, way=way).most.words for table in (sure, every) for port in ports)
    return None if possible or unclear else True


def ufw(stack: Stack) -> Host | None:
    """The first host whose UFW is configured, None where none is. Raises Unjudged where a command is unknown."""
    return next(iter(hosts(stack)), None)


def hosts(stack: Stack) -> list[Host]:
    """The hosts whose UFW is configured. Raises Unjudged where none is, and a command is unknown."""
    found: list[Host] | None = stack.memo.get("ufw")
    if found is None:
        found = stack.memo["ufw"] = [host for name in _names(stack) if (host := _host(stack, name))]
    if not found and unknown_scripts(stack):
        raise Unjudged(unknown_scripts(stack)[0])
    return found


def address(resource: Resource) -> str:
    """The host on which a command runs, "" where it does not say."""
    connection = resource.props.get("connection")
    named = connection.get("host") if isinstance(connection, Mapping) else None
    return named if isinstance(named, str) else ""


def _names(stack: Stack) -> list[str]:
    return list(dict.fromkeys(name for script in scripts(stack) if (name := address(script.resource)))) or [""]


def _host(stack: Stack, name: str) -> Host | None:
    host: Host | None = None
    for script in scripts(stack):
        if address(script.resource) not in ("", name):
            continue
        mine = [
            act for act in script.trace.acts if act.name in ("ufw", "iptables", "iptables-restore") or _of_service(act)
        ]
        told = any(act.name == "ufw" and _changes(act) for act in mine) or _writes(script)
        if host is None and told:
            host = Host(name, script.resource)
        if host is not None:
            _Telling(host, script).all(mine)
    return host


def _changes(act: Act) -> bool:
    try:
        return order(act.argv).what != "look"
    except (Refused, Unclear):
        return len(act.argv) > 1


def _of_service(act: Act) -> bool:
    return act.name in ("systemctl", "service") and bool({"ufw", "ufw.service"} & set(act.argv[1:]))


def _writes(script: Script) -> bool:
    return any(path in (_DEFAULTS, _CONF) for path in script.written)


class _Telling:
    """One script tells a host's firewall what to do."""

    def __init__(self, host: Host, script: Script) -> None:
        self.host, self.script, self.resource = host, script, script.resource
        # What runs at boot or on this machine has no session of sshd above it, so that nothing is asked.
        self.ssh = self.resource.type == REMOTE or (self.resource.type == LOCAL and "ssh" in script.text)
        self.files: Mapping[str, str] = script.before
        host.scripts.append(script)

    def all(self, acts: list[Act]) -> None:
        lost = ""
        for act in acts:
            self._read(act.files)
            if act.name == "ufw":
                self._ufw(act)
                if act.argv[-1] == "reset" and act.sure and not self.host.sure.rules:
                    lost = act.files.get(_AFTER, "")
            elif act.sure and _of_service(act):
                self._service(set(act.argv[1:]))
            elif act.sure:
                words = act.argv[1:]
                chain = self.host.chain
                self.host.chain = changed(chain, words) if act.name == "iptables" else restored(chain, act.stdin or "")
        self._read(self.script.trace.files)
        after = self.script.trace.files.get(_AFTER, "")
        if after and after != lost:
            self.host.chain = restored(self.host.chain, after)
        elif lost:
            self.host.chain = []
        if self.host.sure.enabled:
            self.host.moments.append(
                Moment(self.resource, self.host.sure.copy(), self.host.every.copy(), enabling=False)
            )

    def _ufw(self, act: Act) -> None:
        host, said = self.host, " ".join(act.argv).replace(HOLE, "…")
        self._note(act, said)
        for table in (host.sure, host.every) if act.sure else (host.every,):
            table.profiles = profiles(act.files)
            try:
                run(table, act.argv, act.stdin, self.ssh)
            except (Unclear, NoProfile):
                host.unclear.append(said)
            except Aborted:
                if table is host.sure:
                    host.aborted.append((self.resource, said))
            except Refused:
                continue
            if act.argv[-1] == "enable" and table is host.every and act.sure:
                host.moments.append(Moment(self.resource, host.sure.copy(), host.every.copy(), enabling=True))

    def _service(self, words: set[str]) -> None:
        """Its unit: stopped it filters nothing, disabled nothing from the next boot on."""
        if words & {"stop", "disable", "mask"}:
            self.host.disabled = self.resource
        elif words & {"start", "enable", "restart"}:
            self.host.disabled = None

    def _note(self, act: Act, said: str) -> None:
        """What the words alone say, whatever the table."""
        host = self.host
        try:
            asked = order(act.argv)
        except Unclear:
            return
        except Refused:
            if "allow" in act.argv or "limit" in act.argv:
                host.wanted += [part for word in act.argv for part in ranges(word.split("/")[0])]
            if act.sure and known(*act.argv):
                host.refused.append((self.resource, said))
            return
        rule = asked.rule
        if rule is not None and not rule.forward and rule.direction == "in" and not asked.remove:
            if rule.action in ("allow", "limit"):
                host.wanted += spoken_of(rule, profiles(act.files))
            if act.sure and rule.multi and rule.proto == "any" and not rule.application:
                host.refused.append((self.resource, said))
        if not act.sure or asked.dry:
            return
        if asked.what == "default":
            host.defaults[asked.words[1]] = self.resource
        elif asked.what in ("disable", "reset"):
            host.disabled = self.resource
        elif asked.what == "enable":
            host.disabled = None

    def _read(self, files: Mapping[str, str]) -> None:
        """The settings in files that a text wrote."""
        for path in (_DEFAULTS, _CONF):
            text = files.get(path)
            if text is None or text == self.files.get(path):
                continue
            for table in (self.host.sure, self.host.every):
                _settle(table, text)
            for chain, policy in re.findall(r'^DEFAULT_(INPUT|OUTPUT)_POLICY="?(\w+)', text, re.M):
                if policy in _POLICIES:
                    self.host.defaults[_WAYS[chain]] = self.resource
        self.files = files


def _settle(table: Table, text: str) -> None:
    for name, value in re.findall(r"^(\w+)=[\"']?(\w+)", text, re.M):
        chain = re.fullmatch(r"DEFAULT_(\w+)_POLICY", name)
        if chain and chain[1] in _WAYS and value in _POLICIES:
            table.defaults[_WAYS[chain[1]]] = _POLICIES[value]
        elif name == "IPV6":
            table.ipv6 = value.lower() == "yes"
        elif name == "ENABLED":
            table.enabled = value.lower() == "yes"
