from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mech_infra.commands import redis as commands
from mech_infra.facts.host import onhost, program, redis

from .conftest import recorded, word

WORD = "a password"
USER, HASH, OTHER = commands.user(WORD), commands.digest(WORD), commands.digest("other")
ALL, PING = "~* &* +@all", "sanitize-payload resetchannels -@all +ping"
DEFAULT, MINE = f"user default on nopass {PING}", f"user {USER} on #{HASH} {ALL}"


def test_settings_are_as_declared() -> None:
    check = redis.Setting("maxmemory-policy", "noeviction")
    assert word(check, recorded()) == "noeviction"
    assert word(check, recorded("redis", "maxmemory-policy", "allkeys-lru")) == "allkeys-lru"
    assert word(redis.Setting("save", "900 1"), recorded("redis", "save", "")) == "empty"
    assert word(check, recorded(redis={"password": "refused"})) == "noeviction"  # another check's to tell


@pytest.mark.parametrize(
    ("users", "says"),
    [
        ([DEFAULT, MINE], "accepted"),
        ([DEFAULT, f"user {USER} on #{OTHER} {ALL}"], "refused"),
        ([DEFAULT, f"user {USER} off #{HASH} {ALL}"], "refused"),
        ([DEFAULT, f"user {USER} on #{HASH} #{OTHER} {ALL}"], "refused"),
        ([DEFAULT], "refused"),
        ([f"user default on nopass {ALL}", MINE], "not asked for"),
        ([f"user default on #{OTHER} {ALL}", MINE], "another one, too"),
        ([DEFAULT, MINE, f"user mech-00000000 on #1 {ALL}"], "a former one, too"),
    ],
)
def test_who_gets_in_with_a_password(users: list[str], says: str) -> None:
    assert word(redis.password(WORD), recorded("redis", "users", users)) == says


@pytest.mark.parametrize(
    ("users", "says"),
    [
        ([f"user default on nopass {ALL}"], "accepted"),
        ([f"user default on #1 {ALL}"], "asked for"),
        ([DEFAULT], "asked for"),
        ([f"user default on nopass {ALL}", f"user {USER} on #1 {ALL}"], "a former one, too"),
    ],
)
def test_who_gets_in_without_one(users: list[str], says: str) -> None:
    assert word(redis.password(""), recorded("redis", "users", users)) == says


def test_one_that_does_not_let_us_in() -> None:
    assert word(redis.password(WORD), recorded(redis={"password": "refused"})) == "refused"
    assert word(redis.password(WORD), recorded(redis={"error": "no answer"})) == "accepted"


def test_no_password_is_in_the_state() -> None:
    assert WORD not in str(redis.password(WORD).wire)


def answering(monkeypatch: pytest.MonkeyPatch, said: str) -> list[str]:
    given: list[str] = []

    def run(*argv: str, given: str = "", timeout: int = 10, seen: list[str] = given) -> tuple[int, str]:
        seen.append(given)
        return 0, said

    monkeypatch.setattr(redis, "run", run)
    return given


def test_read_by_one_call_with_the_login_on_stdin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "login").write_text("AUTH x y\n")
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0011....")
    (tmp_path / "old.rdb").write_bytes(b"REDIS0009....")
    given = answering(monkeypatch, f"OK\nsave\n900 1\nappendonly\nyes\n{DEFAULT}\n")
    found: dict[str, Any] = redis.redis(["save", "appendonly"], f"{tmp_path}/login", [f"{tmp_path}/*.rdb"])
    assert found == {"save": "900 1", "appendonly": "yes", "users": [DEFAULT], "rdb": 11}
    assert given == ["AUTH x y\nconfig get save\nconfig get appendonly\nacl list\ninfo\n"]


def test_of_one_look_two_readers_enter_the_container_once(monkeypatch: pytest.MonkeyPatch) -> None:
    about = {"names": ["save"], "login": "/nowhere"}
    given = answering(monkeypatch, f"save\n900 1\n{DEFAULT}\n# Server\r\nrole:master\r\n")
    readers = {
        "redis": (redis.redis, {**about, "data": []}),
        "redis_info": (redis.redis_info, {**about, "words": ["role"], "numbers": []}),
    }
    assert onhost.looked(readers) == {
        "redis": {"save": "900 1", "users": [DEFAULT], "rdb": None}, "redis_info": {"role": "master"},
    }  # fmt: skip
    assert len(given) == 1
    onhost.looked(readers)  # the next look asks anew
    assert len(given) == 2


@pytest.mark.parametrize(
    ("said", "found"),
    [("NOAUTH Authentication required.\n", {"password": "refused"}), ("Could not connect\n", {"error": "Could not connect"})],
)  # fmt: skip
def test_read_where_it_does_not_let_us_in(monkeypatch: pytest.MonkeyPatch, said: str, found: dict[str, str]) -> None:
    answering(monkeypatch, said)
    assert redis.redis(["save"], "/nowhere", []) == found


# Redis 7.4's, shortened.
INFO = """OK
# Server\r
redis_version:7.4.1\r
\r
# Memory\r
used_memory:1233512\r
maxmemory:402653184\r
maxclients:10000\r
connected_clients:6\r
loading:0\r
rdb_last_bgsave_status:ok\r
aof_last_write_status:err\r
evicted_keys:0\r
role:slave\r
master_host:192.0.2.66\r
executable:/data/redis-server\r
"""
ASKED = program.ASKED["redis_info"]


def test_what_it_says_of_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "login").write_text("AUTH x y\n")
    given = answering(monkeypatch, INFO)
    assert redis.redis_info(**{**ASKED, "login": f"{tmp_path}/login"}) == {
        "role": "slave", "master_host": "192.0.2.66", "rdb_last_bgsave_status": "ok", "aof_last_write_status": "err",
        "used_memory": 1233512, "maxmemory": 402653184, "connected_clients": 6, "maxclients": 10000, "evicted_keys": 0,
        "loading": 0,
    }  # fmt: skip
    [said] = given
    assert said.startswith("AUTH x y\n") and said.endswith("\ninfo\n")


@pytest.mark.parametrize(
    "said", ["NOAUTH Authentication required.\n", "Could not connect to Redis at 127.0.0.1:6379\n", ""]
)
def test_what_it_says_of_itself_where_it_does_not_let_us_in(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    answering(monkeypatch, said)
    assert redis.redis_info(**{**ASKED, "login": "/nowhere"}) is None
