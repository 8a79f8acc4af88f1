"""A cause's fix as steps, so that what is a command can be copied alone, and where it is to be run stands beside it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

CONSOLE, _HOST = "at Vultr's console", "on the host"
_REPOSITORY, _ANYWHERE = {"mech", "pulumi"}, {"curl", "ping", "ssh"}
_ON_HOST = {
    "cat", "conntrack", "df", "diff", "dmesg", "docker", "fail2ban-client", "free", "iptables", "journalctl", "kill",
    "logrotate", "mount", "nginx", "ps", "sysctl", "systemctl", "tail", "timedatectl", "top", "ufw",
}  # fmt: skip
# A step that has one of these as a word is a sentence, though it begins as a command does.
_PROSE = {"a", "elsewhere", "from", "gives", "it", "of", "or", "the", "when"}
_SHELL = "$`;|&<>\\"


@dataclass(frozen=True)
class Step:
    """`command` may be pasted into a shell as it stands, at `where`; without one, `says` is all there is."""

    says: str = ""  # before a command: what it is for
    command: str = ""
    where: str = ""
    note: str = ""  # after a command: on which condition, what else


def steps(fix: str, written: str) -> list[Step]:
    """`written` is the fix with its arguments still in braces: one that a host's facts brought must not reach a shell."""
    found: list[Step] = []
    for part in re.split(r"; (?:then )?|, then ", fix):
        for step in _read(part.strip(), written):
            follows = step.command and step.where == _HOST and found and found[-1].where == CONSOLE
            found.append(Step(step.says, step.command, CONSOLE, step.note) if follows else step)
    return found


def _read(part: str, written: str) -> Iterator[Step]:
    choice = re.match(r"(?:or|else) ", part)
    says, _, rest = part[choice.end() if choice else 0 :].rpartition(": ")
    commands = [_bare(one) for one in rest.split(", ")]
    if not all(_is_command(command, written) for command, _ in commands):
        yield Step(part)
        return
    console = says.endswith("console")
    says = "" if console or says == _HOST else says
    says = " ".join(word for word in (choice.group().strip() if choice else "", says) if word)
    for number, (command, note) in enumerate(commands):
        where = CONSOLE if console else "" if "elsewhere" in note else _where(command)
        yield Step("" if number else says, command, where, note)


def _bare(text: str) -> tuple[str, str]:
    """The command, and what is said after it: `kill 7 when it is nobody's`, `mech recover (twice)`."""
    match = re.match(r"(.+?) (when .*|from elsewhere|\(.*\))$", text)
    return (match.group(1), match.group(2)) if match else (text, "")


def _is_command(text: str, written: str) -> bool:
    first, *others = text.split(" ")
    try:
        shlex.split(text)
    except ValueError:  # a quote is open
        return False
    ours = all(text.count(sign) <= written.count(sign) for sign in _SHELL)
    return first in _REPOSITORY | _ANYWHERE | _ON_HOST and ours and text.isprintable() and not _PROSE & set(others)


def _where(command: str) -> str:
    first = command.split(" ")[0]
    return "in the repository" if first in _REPOSITORY else "on your machine" if first in _ANYWHERE else _HOST
