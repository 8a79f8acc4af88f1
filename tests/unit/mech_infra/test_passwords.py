"""Passwords with any character in them, and what a program with another one changes."""

from __future__ import annotations

import json
import re
import shlex
import string
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from pulumi.runtime.mocks import MockMonitor

from mech_infra.commands import mongodb, passwords, redis
from mech_infra.components.services import env_file
from mech_infra.config import ConfigError, load
from mech_infra.config.workloads import RedisConfig

from .conftest import Declare, raw_config

PRINTABLE = "".join(map(chr, range(32, 127)))
PASSWORDS = [PRINTABLE, PRINTABLE[::-1], "plain", "@/#?\"%'\\$ ", "'", '"', "\\", "$(id)", "%41", " a ", "ünï€😀"]
BOTH = {"REDIS_PASSWORD": "one", "MONGODB_PASSWORD": "one"}


@pytest.mark.parametrize("password", PASSWORDS)
def test_every_character_arrives(password: str, tmp_path: Path) -> None:
    for url, name in ((redis.url(password), "redis"), (mongodb.url(password), "mongodb")):
        parts = urlsplit(url)
        assert (parts.hostname, unquote(parts.password or "")) == (name, password)
        assert parts.username == passwords.user(name, password)
        # A docker env file has a value as it stands, and whoever sources it meets nothing to quote.
        assert shlex.split(env_file({"URL": url})) == [f"URL={url}"]
    assert json.loads(passwords.in_json(password)) == password
    for name, text in mongodb.wanted(password).items():
        if name.endswith(("login.js", "user.js")):
            assert json.loads(re.sub(r"^\S+\((.*)\)$", r"\1", text.strip()))["pwd"] == password
    spelled = re.findall(r"\\x(..)", passwords.in_redis(password))
    assert bytes(int(byte, 16) for byte in spelled).decode() == password
    # The container's redis-cli, with a stand-in of the real one behind it.
    real = tmp_path / "real"
    real.write_text('#!/bin/sh\nprintf "%s\\n" "$REDISCLI_AUTH" "$@"\n')
    real.chmod(0o755)
    front = redis.wanted(RedisConfig(), password)[f"{redis.FOLDER}/wanted/redis-cli"].replace(
        "/usr/local/bin/redis-cli", str(real)
    )
    said = subprocess.run(["sh", "-c", front, "redis-cli", "get", "a b"], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [password, "--user", redis.user(password), "get", "a b"]
    said = subprocess.run(
        ["sh", "-c", front, "redis-cli", "-a", "x", "ping"], capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == ["", "-a", "x", "ping"]


def test_another_password_is_another_user() -> None:
    words = string.ascii_letters[::4]  # each name costs the slow hash's time
    names = {passwords.user(database, word) for database in ("redis", "mongodb") for word in words}
    assert len(names) == 2 * len(words)
    assert all(re.fullmatch(passwords.USER, name) for name in names)
    assert passwords.user("redis", "a") == passwords.user("redis", "a")


@pytest.mark.parametrize("name", ["REDIS_PASSWORD", "MONGODB_PASSWORD"])
@pytest.mark.parametrize(
    ("value", "says"), [("", "is empty"), ("a\nb", "a line break"), ("a\tb", "a control character")]
)
def test_what_no_password_can_be_is_refused(name: str, value: str, says: str) -> None:
    raw, marked = raw_config({"edge": {"zoneId": "0" * 32}}, {name: value})
    with pytest.raises(ConfigError, match=f"mech:{name} .*{says}.*pulumi config set --secret mech:{name}"):
        load(raw, marked)


def test_a_database_keeps_its_container_when_its_password_changes(declare: Declare) -> None:
    made = [
        {
            name: declare(secrets=dict.fromkeys(BOTH, word)).of("Container")[f"datastores-{name}"]
            for name in ("redis", "mongodb")
        }
        for word in ("one", "two")
    ]
    assert made[0] == made[1]
    without = declare().of("Container")
    assert without["datastores-redis"] == made[0]["redis"]
    # As before there were passwords: no stack without one is touched.
    assert "command" not in without["datastores-mongodb"]
    assert len(without["datastores-mongodb"]["mounts"]) == 1


def test_the_former_password_goes_after_every_service(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    needs: dict[str, set[str]] = {}
    register = MockMonitor.RegisterResource

    def noted(self: MockMonitor, request: Any) -> Any:
        needs[request.name] = {urn.rpartition("::")[2] for urn in request.dependencies}
        return register(self, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", noted)
    recorder = declare(secrets=BOTH)
    services = {name for name in recorder.of("Container") if name.startswith("services-")}
    for database in ("redis", "mongodb"):
        assert services <= needs[f"datastores-{database}-settle"]
        assert all({"datastores-redis-conf", "datastores-mongodb-user"} <= needs[name] for name in services)


def test_only_services_are_told_a_password(declare: Declare) -> None:
    recorder = declare(secrets={"REDIS_PASSWORD": "redis-secret-1", "MONGODB_PASSWORD": "mongo-secret-2"})
    told = {
        (name.rpartition("-")[0] if name.startswith("services-") else name, word)
        for name, inputs in recorder.of("Container").items()
        for word in ("redis-secret-1", "mongo-secret-2") if word in json.dumps(inputs)
    }  # fmt: skip
    redis_users, mongodb_users = ("queue", "sequences"), ("queue", "llm", "storage", "indexer", "search", "memories")
    assert told == {
        *((f"services-{name}", "redis-secret-1") for name in redis_users),
        *((f"services-{name}", "mongo-secret-2") for name in mongodb_users),
    }
