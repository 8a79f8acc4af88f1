"""Runs as `docker` of a rig: a Redis or MongoDB in its container, as much of them as the commands speak to.

It is started for every call, so it imports little.
"""

from __future__ import annotations

import json
import os
import re
import sys

STATE = f"{os.path.dirname(__file__)}/docker.json"
Json = dict


def main(words: list[str]) -> int:
    # All of it first: who fills the pipe may be another one of us, and writes the state at its end.
    given = sys.stdin.read() if "-i" in words else ""
    with open(STATE) as file:
        state = json.load(file)
    code = answer(state, words, given)
    with open(STATE, "w") as file:
        json.dump(state, file)
    return code


def answer(state: Json, words: list[str], given: str) -> int:
    line = " ".join(words)
    if words[0] == "ps" and "status=running" in line:
        print("abc" if state["running"] else "", end="")
    elif words[0] == "ps":
        print("\n".join(state["services"]))
    elif words[0] == "inspect":
        print(state["services"][words[-1]])
    elif words[0] in ("restart", "start"):
        state["running"] = True
        restarted(state)
    elif words[0] == "exec" and "redis-cli" in words:
        print("\n".join(redis(state, given.splitlines())))
    elif words[0] == "exec" and "mongosh" in words:
        return mongosh(state, given.splitlines())
    elif words[0] == "exec":
        state["wrapper"] = given
    return 0


def restarted(state: Json) -> None:
    """What is read at the start: Redis' file, mongod's options."""
    for path, key in (("redis.conf", "conf"), ("start/options", "options")):
        if os.path.exists(f"{state['folder']}/{path}"):
            with open(f"{state['folder']}/{path}") as file:
                state[key] = file.read()
    if "users" in state and "conf" in state:
        state["users"] = {"default": state.get("open", "on nopass ~* &* +@all")} | {
            line.split()[1]: line.split(" ", 2)[2] for line in state["conf"].splitlines() if line.startswith("user ")
        }
        state["config"] |= state.get("after_restart", {})


def redis(state: Json, lines: list[str]) -> list[str]:
    said, user = [], "default"
    for line in lines:
        words = line.split(" ")
        if words[0] == "AUTH":
            rules = state["users"].get(words[1], "")
            ok = "nopass" in rules or f"#{state['digests'].get(words[2])}" in rules
            user = words[1] if ok else user
            said.append("OK" if ok else "WRONGPASS invalid username-password pair or user is disabled.")
        elif "+@all" not in state["users"].get(user, ""):
            said.append("NOPERM this user has no permissions")
        else:
            said += command(state, line, words)
    return said


def command(state: Json, line: str, words: list[str]) -> list[str]:
    state["done"].append(line)
    if line.startswith("config get"):
        return [words[2], state["config"].get(words[2], "")]
    if line.startswith("config set"):
        if words[2] not in state["refuses"]:
            state["config"][words[2]] = line.split(" ", 3)[3].strip('"')
    elif line == "acl list":
        return [f"user {name} {rules}" for name, rules in state["users"].items()]
    elif line.startswith("acl setuser"):
        state["users"][words[2]] = "on " + line.split(" on ", 1)[1]
    elif line.startswith("acl deluser"):
        if words[2] not in state.get("stuck", ()):
            del state["users"][words[2]]
    elif line == "info persistence":
        return ["aof_rewrite_in_progress:0"]
    return ["OK"]


def mongosh(state: Json, lines: list[str]) -> int:
    """Users by password; fails as the first call that fails."""
    if not state["running"]:
        return 1
    in_, asks = False, "--auth" in state["options"]
    for line in lines:
        match = re.fullmatch(r"(\w+)\((?:db\.adminCommand\()?(\{.*?\})\)*", line.replace("db.adminCommand(", "adminCommand(", 1)
                             if line.startswith("db.adminCommand") else line.removeprefix("db."))  # fmt: skip
        assert match, line
        call = match[2]
        if "process.env" in call:
            if state.get("env_user") not in state["users"]:
                return refuse()
            in_ = True
        elif match[1] == "auth":
            given = json.loads(call)
            if state["users"].get(given["user"]) != given["pwd"]:
                return refuse()
            in_ = True
        elif '"ping"' in call:
            continue
        elif asks and not in_ and not ("createUser" in call and not state["users"]):
            return 1
        elif "createUser" in call:
            given = json.loads(call)
            state["users"][given["createUser"]] = given["pwd"]
        elif "dropUser" in call:
            if state["users"].pop(json.loads(call)["dropUser"], None) is None:
                return 1
        elif "usersInfo" in call:
            print("\n".join(f"{{ user: '{name}', db: 'admin' }}" for name in state["users"]))
    return 0


def refuse() -> int:
    print("MongoServerError: Authentication failed.")
    return 1


sys.exit(main(sys.argv[1:]))
