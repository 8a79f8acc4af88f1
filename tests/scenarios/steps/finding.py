"""Ways to find out the cause: what names it, and by which eye."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.sandbox.stack import STACK

from ..scenario import By, Seen
from ..world import World


def preview(*words: str) -> Seen:
    """Plain `pulumi preview`, no flags, says it."""

    def run(world: World) -> str:
        done = world.stack.pulumi("preview", check=False)
        return done.stdout + done.stderr

    return Seen("preview", words, run, "pulumi preview")


def config_refuses(*words: str) -> Seen:
    """`pulumi preview` ends with a sentence about the config; nothing is touched."""

    def run(world: World) -> str:
        done = world.stack.pulumi("preview", check=False)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    return Seen("config", ("nothing was changed", *words), run, "pulumi preview")


def policy(rule: str, *words: str) -> Seen:
    """`mech policy check` refuses the config as it stands."""

    def run(world: World) -> str:
        done = world.stack.mech("policy", "check", "--stack", STACK, check=False)
        return done.stdout + done.stderr

    return Seen("policy", (rule, *words), run, "mech policy check")


def status(*words: str, within_s: float = 0) -> Seen:
    """`mech status` from the internet, exit code 2, says it. The JSON form: no line is folded."""

    def run(world: World) -> str:
        argv = ("sandbox", "shell", "--", "mech", "status", "--stack", STACK, "--json")
        done = world.stack.mech(*argv, check=False)
        assert done.returncode == 2, (done.returncode, done.stdout[-2000:], done.stderr[-1000:])
        found = [entry for entry in json.loads(done.stdout) if entry["state"] != "ok"]
        return "\n".join(f"{e['service']} {e['code']} {e['state']}: {e['detail']}" for e in found)

    return Seen("status", words, run, "mech status", within_s)


def refusal(service: str, *words: str) -> Seen:
    """The failed `up` of the break names the service whose new version does not take over, and why."""
    first = f"{service}: the new version"
    return Seen("up", (first, *words, "goes on serving, the new one is stopped"), lambda w: w.said, "pulumi up")


def diagnosis(line: str, *words: str, by: By = "diagnosis", shown: str = "", within_s: float = 0) -> Seen:
    """The guide's own command on the host says it; our product has no better eye for this one."""
    return Seen(by, words, lambda world: world.ssh(line, check=False), shown or line, within_s)


def told(command: str, run: Callable[[World], str], *words: str, by: By = "diagnosis", within_s: float = 0) -> Seen:
    return Seen(by, words, run, command, within_s)
