"""Redis: its settings as it runs, who gets in, and the format of its files."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_infra.commands import passwords
from mech_infra.commands import redis as commands
from mech_infra.commands.volume import DATA
from mech_infra.facts import model
from mech_infra.facts.host.onhost import once, run, text
from mech_infra.facts.host.program import asked, on_host, reads
from mech_infra.facts.model import Check, Facts


@reads(
    names=list(commands.SETTINGS),
    login=commands.LOGIN,
    data=[f"{DATA}/redis/dump.rdb", f"{DATA}/redis/appendonlydir/*.rdb"],
)
def redis(names: list[str], login: str, data: list[str]) -> dict[str, Any]:
    """The settings and the users with their rules; {"password": "refused"} when it does not let us in."""
    known = text(login) or ""
    code, said, _ = once(asked_all, login, *names)
    # A password that stands in the environment of a container of before, REDISCLI_AUTH, and is not needed any more.
    lines = [line for line in said.splitlines() if not line.startswith("AUTH failed")]
    if any(line.startswith(("NOAUTH", "WRONGPASS", "NOPERM")) for line in lines):
        return {"password": "refused"}
    lines = lines[1:] if known else lines
    found = dict(zip(lines[: 2 * len(names) : 2], lines[1 : 2 * len(names) : 2], strict=False))
    if code != 0 or list(found) != names:
        return {"error": lines[0] if lines else "no answer"}
    users = [line for line in lines[2 * len(names) :] if line.startswith("user ")]
    return {**found, **({"users": users} if users else {}), "rdb": rdb(data)}


@on_host
def asked_all(login: str, *names: str) -> tuple[int, str, str]:
    """(exit code, its settings and users, what INFO says): one entry into the container costs more than all that it asks."""
    script = "".join([text(login) or "", *(f"config get {name}\n" for name in names), "acl list\n", "info\n"])
    code, said = run("docker", "exec", "-i", "redis", "redis-cli", given=script)
    settings, begin, info = said.partition("# Server")
    return code, settings, begin + info


@asked(
    names=list(commands.SETTINGS),
    login=commands.LOGIN,
    words=["role", "master_host", "rdb_last_bgsave_status", "aof_last_write_status"],
    numbers=["used_memory", "maxmemory", "connected_clients", "maxclients", "evicted_keys", "loading"],
)
def redis_info(names: list[str], login: str, words: list[str], numbers: list[str]) -> dict[str, Any] | None:
    """What INFO says of it, memory in bytes; None where it does not answer or does not let us in."""
    code, _, said = once(asked_all, login, *names)
    known = dict(line.strip().split(":", 1) for line in said.splitlines() if re.match(r"\w+:", line))
    if code != 0 or "role" not in known:
        return None
    return {name: known.get(name, "") for name in words} | {name: int(known.get(name) or 0) for name in numbers}


@on_host
def rdb(patterns: list[str]) -> int | None:
    """The newest format of Redis' files, which begin with its number: REDIS0011."""
    found = []
    for path in [path for pattern in patterns for path in glob.glob(pattern)]:  # noqa: PTH207 - absolute
        with Path(path).open("rb") as file:
            head = re.match(rb"REDIS(\d{4})", file.read(9))
        found += [int(head[1])] if head else []
    return max(found, default=None)


@dataclass(frozen=True)
class Setting(model.Setting, kind="redis", reads=["docker", "redis"]):
    def judge(self, facts: Facts) -> str | None:
        value = facts["redis"].get(self.name, self.value)  # where it does not answer, or refuses the password
        return None if value == self.value else value or "empty"


@dataclass(frozen=True)
class Password(Check, kind="redis-password", reads=["redis"]):
    """The Redis that runs takes the declared password and no other one, or asks for none where none is declared."""

    user: str | None = None
    digest: str | None = None

    label = "password"
    good = "accepted"

    def judge(self, facts: Facts) -> str | None:
        about = facts["redis"]
        if self.user is None or "users" not in about:  # of an older program; it did not answer, or knows no users
            refused: str | None = about.get("password")
            return refused
        users = {name: rules for _, name, rules in (line.split(" ", 2) for line in about["users"])}
        default = users.get("default", "")
        if self.user:
            mine = users.get(self.user, "").split()
            hashes = [word for word in mine if word.startswith("#")]
            if hashes != [f"#{self.digest}"] or not {"on", "+@all"} <= {*mine}:
                return "refused"
            if "nopass" not in default.split():
                return "another one, too"
            if not default.endswith(commands.PING):
                return "not asked for"
        elif "nopass" not in default.split() or not default.endswith("+@all"):
            return "asked for"
        former = [name for name in users if re.fullmatch(passwords.USER, name) and name != self.user]
        return "a former one, too" if former else None


def password(word: str) -> Password:
    return Password(commands.user(word), commands.digest(word)) if word else Password("")
