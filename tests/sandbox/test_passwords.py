"""Passwords of both databases, added, changed and taken away while visitors ask: every answer comes, the former is dead.

MECH_PASSWORD_ROUNDS says how often they are changed (1); every round has every printable character in both. With more
than one, the first is also cut short by an `up` that fails half-way.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import subprocess
import time
from urllib.parse import unquote, urlsplit

import pytest

from .answers import Result
from .load import Load
from .stack import REPO, STACK, Stack, project

pytestmark = pytest.mark.in_order
ROUNDS = int(os.environ.get("MECH_PASSWORD_ROUNDS", "1"))
PRINTABLE = "".join(map(chr, range(32, 127)))
VARIABLES = {"REDIS_PASSWORD": "REDIS_URL", "MONGODB_PASSWORD": "MONGODB_URI"}


@pytest.fixture(scope="module")
def stack(platform: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    # A project of its own: its config may be changed, and the repository's is not touched.
    folder = project(tmp_path_factory.mktemp("project"))
    shutil.copy(REPO / f"Pulumi.{STACK}.yaml", folder)
    platform.folder = folder
    platform.pulumi("config", "set", "--path", "mech:rollout.watchS", "3")
    platform.up()
    return platform


def every_character() -> dict[str, str]:
    return {name: "".join(random.sample(PRINTABLE, len(PRINTABLE))) for name in VARIABLES}


def set_passwords(stack: Stack, words: dict[str, str]) -> None:
    for name, word in words.items():
        argv = ["pulumi", "config", "set", "--secret", f"mech:{name}", "--stack", STACK, "--non-interactive"]
        subprocess.run(argv, cwd=stack.folder, env=stack.env, input=word, text=True, check=True, capture_output=True)


def urls(stack: Stack) -> dict[str, str]:
    """What the queue is told of the databases: its container and its .env file say the same."""

    def read(line: str) -> dict[str, str]:
        said = dict(entry.partition("=")[::2] for entry in stack.ssh(line).splitlines())
        return {name: said[name] for name in VARIABLES.values()}

    told = read("docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' mech-queue")
    assert told == read("cat /opt/mech-services/mech-queue/.env")
    return told


def gets_in(stack: Stack, url: str) -> bool:
    """Whether somebody on mech-network may do something in the database by this URL."""
    if url.startswith("redis:"):
        said = stack.ssh(f"docker exec redis redis-cli -u {shlex.quote(url)} echo in 2>&1").splitlines()
        # Who is refused is nobody in particular, who may do all where there is no password. Its warning may come last.
        return "in" in said and not any("AUTH failed" in line for line in said)
    ask = f"docker exec mongodb mongosh --quiet {shlex.quote(url)} --eval 'db.stats()' >/dev/null 2>&1 && echo in"
    return stack.ssh(ask, check=False) == "in"


def containers(stack: Stack) -> str:
    return stack.ssh("docker inspect -f '{{.Name}} {{.Id}} {{.State.StartedAt}}' redis mongodb")


def changed(stack: Stack, interrupted: bool = False) -> Result:
    """`pulumi up` under load; afterwards the former URLs are dead, the new ones work, and nothing is left to do.

    `interrupted`: a first `up` fails half-way, since a version of search is broken.
    """
    former = urls(stack)
    assert [url for url in former.values() if not gets_in(stack, url)] == []
    # What lasts would have every drain wait for it.
    with Load(stack.settings, rate=50, streams=0, sockets=0, uploads=0) as load:
        begin = time.monotonic()
        if interrupted:
            stack.pulumi("config", "set", "--path", "mech:services.search.version", "broken-exits")
            assert "search: the new version" in stack.up(check=False).stdout
            stack.well()
            assert [url for url in former.values() if not gets_in(stack, url)] == []
            stack.pulumi("config", "rm", "--path", "mech:services.search.version")
        stack.up()
        took = time.monotonic() - begin
        time.sleep(3)
    result = load.result()
    print(f"\npulumi up took {took:.0f} s\n{result.summary()}")
    now = urls(stack)
    assert [url for url in now.values() if not gets_in(stack, url)] == []
    assert [url for name, url in former.items() if url != now[name] and gets_in(stack, url)] == []
    stack.pulumi("preview", "--expect-no-changes")
    stack.well()
    return result


@pytest.mark.timeout(600)
def test_added_to_data_that_had_none(stack: Stack) -> None:
    redis = containers(stack).splitlines()[0]
    stack.ssh("docker exec redis redis-cli set kept here")
    set_passwords(stack, every_character())
    result = changed(stack)
    assert result.failed == []
    assert containers(stack).splitlines()[0] == redis
    assert stack.ssh("docker exec redis redis-cli get kept") == "here"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("round_", range(1, ROUNDS + 1))
def test_changed_to_every_printable_character(stack: Stack, round_: int) -> None:
    before = containers(stack)
    words = every_character()
    set_passwords(stack, words)
    result = changed(stack, interrupted=round_ == 1 < ROUNDS)
    assert result.failed == []
    told = urls(stack)
    for name, variable in VARIABLES.items():
        assert unquote(urlsplit(told[variable]).password or "") == words[name]
    assert containers(stack) == before


@pytest.mark.timeout(600)
def test_taken_away(stack: Stack) -> None:
    redis = containers(stack).splitlines()[0]
    for name in VARIABLES:
        stack.pulumi("config", "rm", f"mech:{name}")
    result = changed(stack)
    assert result.failed == []
    assert containers(stack).splitlines()[0] == redis
    assert stack.ssh("docker exec redis redis-cli get kept") == "here"
    assert urls(stack) == {"REDIS_URL": "redis://redis:6379", "MONGODB_URI": "mongodb://mongodb:27017/mech"}
