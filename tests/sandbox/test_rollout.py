"""What a deploy costs the visitors: nothing, whether it is good, broken, or killed half-way.

By default some of the changes, broken versions and kills. MECH_ROLLOUT=all plays all of them, MECH_ROLLOUT_KILLS says how
often `up` is killed (seed: MECH_ROLLOUT_SEED), MECH_ROLLOUT_RATE how many requests a second there are (60).
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from typing import Any

import pytest
import yaml

from .load import Jobs, Load, Result
from .stack import REPO, STACK, Stack

# Of Redis: what Docker changes in place, and what it is started anew for, with its jobs on the volume.
REDIS: dict[str, Config] = {"memory of Redis": {"memoryMb": 384}, "Redis made anew": {"cpus": 0.75}}

ALL = os.environ.get("MECH_ROLLOUT") == "all"
KILLS = int(os.environ.get("MECH_ROLLOUT_KILLS", "1"))
SEED = int(os.environ.get("MECH_ROLLOUT_SEED", "0")) or random.randrange(1, 10**6)
RATE = float(os.environ.get("MECH_ROLLOUT_RATE", "60"))
NAMES = ("queue", "llm", "storage", "indexer", "sequences", "search", "reader", "memories")
Config = dict[str, Any]
# Seconds; how long a version is watched is not what most of these are about.
QUICK: Config = {"mech:rollout": {"watchS": 3}}

CHANGES: dict[str, Config] = {
    "image of all eight": {"mech:images": {"version": "1.0.1"}},
    "replicas, memory, cores, port": {
        "mech:services": {
            "search": {"replicas": 2, "memoryMb": 256}, "reader": {"memoryMb": 400}, "memories": {"cpus": 0.75}, "sequences": {"port": 3003},
        }
    },
    "environment of all eight": {"mech:services": {name: {"environment": {"A": "one"}} for name in NAMES}},
    "nginx": {"mech:proxy": {"rateLimit": {"burst": 120}}, "mech:services": {"llm": {"readTimeoutS": 100}}},
    "ports closed": {"mech:firewall": {"exposeServicePorts": False}},
    "one after the other": {"mech:rollout": {"watchS": 3, "atOnce": 1}, "mech:images": {"version": "1.0.1"}},
}  # fmt: skip
PLAYED = CHANGES if ALL else dict(list(CHANGES.items())[:1])


def image(tag: str, **more: Any) -> Config:
    return {"mech:services": {"search": {"version": tag, **more}}}


def environment(**variables: str) -> Config:
    return {"mech:services": {"search": {"environment": variables}}}


# What is deployed, and what `up` says of it.
BROKEN: dict[str, tuple[Config, str]] = {
    "exits": (image("broken-exits"), "this build is broken and cannot start"),
    "crashes after 20 s": (image("broken-crashes"), "ended and was restarted"),
    "needs more memory": (image("broken-memory", memoryMb=64), "it needs more memory than its limit of 64 MiB"),
    "image not there": (image("9.9.9"), "has no such image"),
    "never listens": (image("broken-silent"), "nothing listens on its port 3007"),
    "unhealthy": (image("broken-unhealthy"), "/health answers 503"),
    "wrong entry point": (image("broken-entrypoint"), "no such file or directory"),
    "wrong database URL": (environment(MONGODB_URI="mongodb://nowhere:27017/mech"), "Could not connect to MongoDB at nowhere"),
    "wrong key": ({}, "Invalid API key provided"),
    "port taken": (environment(B="two"), "address already in use"),
}  # fmt: skip
TRIED = BROKEN if ALL else dict(list(BROKEN.items())[:2])


@pytest.fixture(scope="module")
def stack(platform: Stack) -> Stack:
    change(platform, QUICK)
    return platform


def file(stack: Stack, config: Config) -> str:
    """The stack's config with these sections in place of its own."""
    about = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
    about["config"] |= config
    path = stack.settings.state / "changed.yaml"
    path.write_text(yaml.safe_dump(about))
    return str(path)


def change(stack: Stack, config: Config, check: bool = True) -> subprocess.CompletedProcess[str]:
    return stack.up("--skip-preview", "--config-file", file(stack, config), check=check)


def clean(stack: Stack, config: Config) -> None:
    """Nothing is left to do, and a service has one container a replica."""
    stack.pulumi("preview", "--expect-no-changes", "--config-file", file(stack, config))
    there = stack.ssh("docker ps -a --filter label=mech.service --format '{{.Names}}'").split()
    wanted = 8 + sum(about.get("replicas", 1) - 1 for about in config.get("mech:services", {}).values())
    assert len(there) == wanted and not [name for name in there if name.count("-") > 2], there


def unharmed(result: Result, about: str) -> None:
    print(f"\n{about}: {result.summary()}")
    assert result.total > 100
    assert result.failed == []
    assert result.cut == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", PLAYED)
def test_no_visitor_notices_a_change(stack: Stack, what: str) -> None:
    config = QUICK | CHANGES[what]
    with Load(stack.settings, rate=RATE) as load:
        time.sleep(5)
        begin = time.time()
        change(stack, config)
        end = time.time()
        stack.pulumi("preview", "--expect-no-changes", "--config-file", file(stack, config))
        back = time.time()
        change(stack, QUICK)
        done = time.time()
        time.sleep(5)
    result = load.result()
    during, outside = result.between(begin, end), result.outside(begin, end).outside(back, done)
    unharmed(result, f"{what}: there in {end - begin:.0f} s, back in {done - back:.0f} s; "
             f"p99 {during.p99:.0f} ms during the change, {outside.p99:.0f} ms without")  # fmt: skip
    clean(stack, QUICK)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("what", TRIED)
def test_a_broken_version_is_refused_and_the_one_before_serves_on(stack: Stack, what: str) -> None:
    config, says = BROKEN[what]
    if "crashes" in what:
        config = {**config, "mech:rollout": {"watchS": 25}}
    others = (
        "docker ps --filter label=mech.service --format '{{.ID}} {{.Names}}' | grep -v search | grep -v llms | sort"
    )
    before = stack.ssh(others)
    if what == "port taken":
        free = stack.ssh("test -e /etc/nginx/mech/search.green && echo 13007 || echo 23007")
        stack.ssh(f"systemd-run -q --unit squatter python3 -m http.server {free} --bind 127.0.0.1")
    path = file(stack, QUICK | config)
    if what == "wrong key":
        stack.pulumi(
            "config", "set", "--secret", "mech:OPENAI_API_KEY", f"sk-proj-wrong{'0' * 32}", "--config-file", path
        )
    with Load(stack.settings, rate=RATE) as load:
        begin = time.monotonic()
        done = stack.up("--skip-preview", "--config-file", path, check=False)
        took = time.monotonic() - begin
    said = " ".join((done.stdout + done.stderr).split())
    unharmed(load.result(), f"{what}: refused after {took:.0f} s")
    assert done.returncode != 0
    assert says in said
    assert took < 90
    assert stack.ssh(others) == before
    if what == "port taken":
        stack.ssh("systemctl stop squatter")
    change(stack, QUICK)
    clean(stack, QUICK)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("what", REDIS)
def test_each_job_is_worked_while_queue_sequences_and_redis_change(stack: Stack, what: str) -> None:
    services = {name: {"environment": {"A": what.replace(" ", "-")}} for name in ("queue", "sequences")}
    config = QUICK | {"mech:services": services, "mech:datastores": {"redis": REDIS[what]}}
    with Jobs(stack.settings, 1000, seconds=60) as jobs:
        time.sleep(3)
        begin = time.monotonic()
        change(stack, config)
        took = time.monotonic() - begin
    lost = jobs.lost(within=90)
    print(
        f"\n{what}: {took:.0f} s; accepted {len(jobs.accepted)}, refused {len(jobs.refused)}, attempts {dict(jobs.attempts)}"
    )
    assert lost == {}
    assert took < 60
    # While Redis is away the queue says so; who was told "accepted" need not care.
    assert len(jobs.accepted) >= (1000 if REDIS[what].get("memoryMb") else 900)
    change(stack, QUICK)
    clean(stack, QUICK)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("number", range(KILLS))
def test_a_rollout_that_is_killed_leaves_something_that_serves(stack: Stack, number: int) -> None:
    moment = random.Random(SEED * 1000 + number).uniform(6.0, 30.0)
    services = {name: {"environment": {"KILLED": str(number)}} for name in ("search", "reader", "queue")}
    config = QUICK | {"mech:services": services}
    with Load(stack.settings, rate=RATE) as load:
        at_work = stack.killed_up(moment, "--config-file", file(stack, config))
        time.sleep(3)
        recovered = stack.mech("recover", "--stack", STACK).stdout
        # On with it, or back again: the state may not say yet which version serves.
        after = (config, QUICK)[number % 2]
        change(stack, after)
    unharmed(
        load.result(),
        f"seed {SEED}, round {number}: SIGKILL after {moment:.1f} s, at work then: {at_work}; {recovered}",
    )
    clean(stack, after)
