"""MongoDB: who gets in, and which version it and its data are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mech_infra.commands import mongodb as commands
from mech_infra.facts.host.onhost import run, text
from mech_infra.facts.host.program import on_host, reads
from mech_infra.facts.model import Check, Facts


@reads(login=commands.LOGIN, ours=commands.USERS)
def mongodb(login: str, ours: str) -> dict[str, Any] | None:
    """Whether it asks nobody for a password; where it lets us in, the platform's users, its version and its data's."""
    asked = (
        'printjson(db.adminCommand({"usersInfo": 1}))\n'
        'printjson(db.adminCommand({"getParameter": 1, "featureCompatibilityVersion": 1}))\n'
        "printjson(db.version())\n"
    )
    code, said = mongosh(asked)
    nobody = code
    if known := text(login):
        code, said = mongosh(known + asked)
    if code != 0:
        said = ""
        # Who is not let in may ping; one that is down answers nothing.
        if nobody != 0 and mongosh('db.adminCommand({"ping": 1})\n')[0] != 0:
            return None
    users = re.findall(rf"user: '({ours})'", said)
    version = re.search(r"^'?(\d+(?:\.\d+)+)", said.strip().rpartition("\n")[2])
    fcv = re.search(r"featureCompatibilityVersion: \{\s*version: '([\d.]+)'", said)
    return {
        "asks_nobody": nobody == 0, "users": sorted(set(users)),
        "version": version and version[1], "fcv": fcv and fcv[1],
    }  # fmt: skip


@on_host
def mongosh(script: str) -> tuple[int, str]:
    return run("docker", "exec", "-i", "mongodb", "mongosh", "--quiet", "admin", "--file", "/dev/stdin", given=script)


@dataclass(frozen=True)
class Password(Check, kind="mongodb-password", reads=["mongodb"]):
    """The MongoDB that runs takes the declared password and no other one, or asks nobody where none is declared.

    It also asks nobody until it is told to when it starts.
    """

    user: str

    label = "password"
    good = "accepted"

    def judge(self, facts: Facts) -> str | None:
        about = facts["mongodb"]
        if not self.user:
            return None if about["asks_nobody"] else "asked for"
        if self.user not in about["users"]:
            return "refused"
        if about["asks_nobody"]:
            return "not asked for"
        return "a former one, too" if len(about["users"]) > 1 else None


def password(word: str) -> Password:
    return Password(commands.user(word))
