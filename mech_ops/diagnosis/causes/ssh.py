"""The way to the host: each way in which SSH fails has a cause and a way out of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look

_VULTR_SAYS_WHY = ("INSTANCE_GONE", "INSTANCE_HALTED", "ADDRESS_DETACHED", "VULTR_GROUP_CLOSED", "VULTR_GROUP_LOST")

# What ssh says, by the way in which it failed.
_TIMED_OUT = r"timed out|no answer within"
_REFUSED = r"connection refused"
_UNREACHABLE = r"no route|network is unreachable|could not resolve"
_HOST_KEY = r"host key|remote host identification"
_KEY_REFUSED = r"permission denied|no such identity|too many authentication|load key"
_CLOSED = r"connection (?:closed|reset)|kex_exchange|broken pipe"
_KNOWN = (_TIMED_OUT, _REFUSED, _UNREACHABLE, _HOST_KEY, _KEY_REFUSED, _CLOSED)


def _says(look: Look, pattern: str, dark: bool = True) -> Iterator[Found]:
    """`dark`: what shuts us out may shut out the edge, too; one that reaches a single service is not shut out."""
    said = look.silent("host")
    if re.search(pattern, said, re.I):
        dark = dark and all(view.edge.state == "down" for view in look.views.values())
        harmed = tuple(sorted(look.failing)) if dark else ()
        yield Found(harmed, {"address": look.declared["address"]}, (f"ssh: {said}",))


@cause(
    "SSH_TIMED_OUT",
    "the host {address} does not answer at 22/tcp: a firewall drops it, or the host is not there",
    layer="ssh",
    visitor="nothing, as long as only SSH is closed",
    guide="Issue 1",
    reads=("host.silent", "edge.answers", "host.answers"),
    fix="mech:host.sshFrom must contain this machine's address; else at Vultr's console: ufw delete deny 22; mech recover --reboot",
    key="mech:host.sshFrom",
    floor="degraded",
    follows=_VULTR_SAYS_WHY,
    rules=("firewall-ssh-lockout",),
)
def timed_out(look: Look) -> Iterator[Found]:
    yield from _says(look, _TIMED_OUT)


@cause(
    "SSH_REFUSED",
    "the host {address} is there and refuses 22/tcp: sshd does not run, or a ban rejects this machine",
    layer="ssh",
    visitor="nothing, as long as only SSH is closed",
    guide="public reports: fail2ban",
    reads=("host.silent", "edge.answers", "host.answers"),
    fix="at Vultr's console: systemctl start ssh; fail2ban-client unban --all",
    floor="degraded",
    follows=_VULTR_SAYS_WHY,
)
def refused(look: Look) -> Iterator[Found]:
    yield from _says(look, _REFUSED)


@cause(
    "SSH_UNREACHABLE",
    "there is no way to {address} from this machine",
    layer="ssh",
    visitor="nothing, if it is only this machine's network",
    guide="Issue 1",
    reads=("host.silent", "edge.answers", "host.answers"),
    fix="ping {address} from elsewhere; look at this machine's own network",
    floor="degraded",
    follows=_VULTR_SAYS_WHY,
)
def unreachable(look: Look) -> Iterator[Found]:
    yield from _says(look, _UNREACHABLE)


@cause(
    "SSH_HOST_KEY",
    "who answers at {address} has another host key than the stack remembers",
    layer="ssh",
    visitor="nothing",
    guide="public reports: host made anew, sshd's keys made anew",
    reads=("host.silent", "edge.answers", "host.answers"),
    fix="mech trust-host-key, after comparing it at Vultr's console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
    floor="degraded",
)
def host_key(look: Look) -> Iterator[Found]:
    yield from _says(look, _HOST_KEY, dark=False)


@cause(
    "SSH_KEY_REFUSED",
    "the host {address} does not take this machine's key",
    layer="ssh",
    visitor="nothing",
    guide="SSH",
    reads=("host.silent", "edge.answers", "host.answers"),
    key="mech:host.sshPrivateKey",
    fix="the host must have the public half of mech:host.sshPrivateKey; at Vultr's console: cat /root/.ssh/authorized_keys",
    floor="degraded",
    rules=("host-no-ssh-key",),
)
def key_refused(look: Look) -> Iterator[Found]:
    yield from _says(look, _KEY_REFUSED, dark=False)


@cause(
    "SSH_CLOSED",
    "the host {address} takes the connection and closes it: too many at once (MaxStartups, `ufw limit`), a ban, or no memory",
    layer="ssh",
    visitor="perhaps errors, too",
    guide="public reports: ufw limit, MaxStartups",
    reads=("host.silent", "edge.answers", "host.answers"),
    fix="wait 30 s and try again; at Vultr's console: ufw status, free -m, journalctl -u ssh -n 20",
    floor="degraded",
)
def closed(look: Look) -> Iterator[Found]:
    yield from _says(look, _CLOSED)


@cause(
    "HOST_UNREAD",
    "the host {address} was reached, and its facts could not be read",
    layer="ssh",
    visitor="unknown",
    guide="SSH",
    reads=("host.silent", "edge.answers", "host.answers"),
    fix="ssh root@{address} python3 --version",
    floor="degraded",
)
def unread(look: Look) -> Iterator[Found]:
    if (said := look.silent("host")) and not re.search("|".join(_KNOWN), said, re.I):
        yield Found(arguments={"address": look.declared["address"]}, evidence=(said,))
