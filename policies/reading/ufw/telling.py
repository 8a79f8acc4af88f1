"""What a script does to a host's firewall: UFW's commands and files, its unit, and iptables for Docker's chain."""

from __future__ import annotations

import re
from collections.abc import Mapping

from policies.model import LOCAL, REMOTE
from policies.reading.commands import Script
from policies.reading.shell import HOLE, Act, known, sed
from policies.reading.ufw.docker import changed, restored
from policies.reading.ufw.host import Host, Moment
from policies.reading.ufw.profiles import profiles
from policies.reading.ufw.reach import ranges, spoken_of
from policies.reading.ufw.rule import NoProfile, Refused, Rule, Unclear
from policies.reading.ufw.table import Table
from policies.reading.ufw.tool import Aborted, run
from policies.reading.ufw.walls.packets import rule_of
from policies.reading.ufw.words import order

BEFORE, AFTER = "/etc/ufw/before.rules", "/etc/ufw/after.rules"
DEFAULTS, CONF = "/etc/default/ufw", "/etc/ufw/ufw.conf"
_POLICIES = {"ACCEPT": "allow", "DROP": "deny", "REJECT": "reject"}
_WAYS = {"INPUT": "incoming", "OUTPUT": "outgoing", "FORWARD": "routed"}


def is_of_ufw(act: Act) -> bool:
    """Whether it tells UFW, or what UFW has told the kernel, something."""
    return (
        act.name in ("ufw", "iptables", "iptables-restore") or _is_of_service(act) or _removes(act) or edits_conf(act)
    )


def edits_conf(act: Act) -> bool:
    """Whether it edits the file that says whether UFW is on, in place."""
    return act.name == "sed" and CONF in act.argv


def _is_of_service(act: Act) -> bool:
    return act.name in ("systemctl", "service") and bool({"ufw", "ufw.service"} & set(act.argv[1:]))


def _removes(act: Act) -> bool:
    """Whether it takes the package away."""
    words = set(act.argv[1:])
    return act.name in ("apt", "apt-get", "aptitude", "dpkg") and "ufw" in words and bool(words & _REMOVES)


_REMOVES = {"remove", "purge", "autoremove", "autopurge", "-r", "-P", "--remove", "--purge"}


class Telling:
    """One script tells a host's firewall what to do."""

    def __init__(self, host: Host, script: Script) -> None:
        self.host, self.script, self.resource = host, script, script.resource
        # What runs at boot or on this machine has no session of sshd above it, so that nothing is asked.
        self.ssh = self.resource.type == REMOTE or (self.resource.type == LOCAL and "ssh" in script.text)
        self.files: Mapping[str, str] = script.before
        self.first: list[Rule] = []  # what stands before the table
        host.scripts.append(script)

    def all(self, acts: list[Act]) -> None:
        lost = ""
        for act in acts:
            self._read(act.files)
            if act.name == "ufw":
                self._ufw(act)
                if act.argv[-1] == "reset" and act.sure and not self.host.sure.rules:
                    lost = act.files.get(AFTER, "")
            elif act.sure and _is_of_service(act):
                self._service(set(act.argv[1:]))
            elif act.sure and edits_conf(act):
                self._edited(act)
            elif act.sure and (_removes(act) or _flushes(act)):
                self.host.disabled = self.resource
            elif act.sure:
                words = act.argv[1:]
                chain = self.host.chain
                self.host.chain = changed(chain, words) if act.name == "iptables" else restored(chain, act.stdin or "")
        self._read(self.script.trace.files)
        after = self.script.trace.files.get(AFTER, "")
        if after not in (lost, self.script.before.get(AFTER, "")):
            self.host.chain = restored(self.host.chain, after)
        elif lost:
            self.host.chain = []
        if self.host.sure.enabled:
            self.host.moments.append(
                Moment(self.resource, self.host.sure.copy(), self.host.every.copy(), enabling=False)
            )

    def _edited(self, act: Act) -> None:
        """The file is as the tool left it last."""
        before = f"ENABLED={'yes' if self.host.sure.enabled else 'no'}\nLOGLEVEL=low\n"
        try:
            text = sed.asked(act.argv[1:]).of(before)
        except sed.Beyond:
            self.host.unclear.append(" ".join(act.argv))
            return
        for table in (self.host.sure, self.host.every):
            _settle(table, text)
        if text != before:
            self.host.disabled = None if self.host.sure.enabled else self.resource

    def _before(self, text: str) -> None:
        """Rules that UFW's own file has before those of the table."""
        lines = re.findall(r"^-A ufw-before-input\b(.*)$", text, re.M)
        made: list[Rule] = []
        for line in lines:
            try:
                rule = rule_of(line.split())
            except Unclear as what:
                self.host.unclear.append(str(what))
                continue
            made += [rule] if rule is not None else []
        for table in (self.host.sure, self.host.every):
            table.rules = [*made, *(rule for rule in table.rules if rule not in self.first)]
        self.first = made
        self.host.wanted += [part for rule in made if rule.action == "allow" for part in spoken_of(rule)]

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
        for path in (BEFORE, DEFAULTS, CONF):
            text = files.get(path)
            if text is None or text == self.files.get(path):
                continue
            if path == BEFORE:
                self._before(text)
                continue
            for table in (self.host.sure, self.host.every):
                _settle(table, text)
            for chain, policy in re.findall(r'^DEFAULT_(INPUT|OUTPUT)_POLICY="?(\w+)', text, re.M):
                if policy in _POLICIES:
                    self.host.defaults[_WAYS[chain]] = self.resource
        self.files = files


def _flushes(act: Act) -> bool:
    """Whether it empties all chains, those that UFW made among them."""
    return act.name == "iptables" and act.argv[1:] in (("-F",), ("--flush",), ("-t", "filter", "-F"))


def _settle(table: Table, text: str) -> None:
    for name, value in re.findall(r"^(\w+)=[\"']?(\w+)", text, re.M):
        chain = re.fullmatch(r"DEFAULT_(\w+)_POLICY", name)
        if chain and chain[1] in _WAYS and value in _POLICIES:
            table.defaults[_WAYS[chain[1]]] = _POLICIES[value]
        elif name == "IPV6":
            table.ipv6 = value.lower() == "yes"
        elif name == "ENABLED":
            table.enabled = value.lower() == "yes"
