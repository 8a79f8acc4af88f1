"""Redis: settings and users into the one that runs, without a restart; its data kept whichever way it keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from mech_infra.commands import files, redis
from mech_infra.commands.redis import ALL, FOLDER, PING
from mech_infra.commands.volume import DATA
from mech_infra.config.workloads import RedisConfig
from tests.unit.mech_infra.commands.databases import Database
from tests.unit.mech_infra.commands.rig import Rig

CONFIG = RedisConfig()
WORD, FORMER = "new word", "old word"


def rules(word: str) -> str:
    return f"on #{redis.digest(word)} {ALL}"


def with_password(word: str) -> dict[str, str]:
    """The users of a Redis as the commands leave it, in Redis' own spelling."""
    return {"default": f"on nopass sanitize-payload resetchannels {PING}", redis.user(word): rules(word)}


class Redis(Database):
    def __init__(self, rig: Rig, word: str = "", **state: Any) -> None:
        known = {redis.passwords.in_redis(each): redis.digest(each) for each in (WORD, FORMER)}
        users = with_password(word) if word else {"default": "on nopass ~* &* +@all"}
        settings = {"config": redis.settings(CONFIG), "digests": known, "refuses": [], "users": users}
        super().__init__(rig, FOLDER, **{**settings, **state})
        self.rig.path(f"{DATA}/redis").mkdir(parents=True)
        if word:
            self.login(word)

    def login(self, word: str) -> None:
        self.rig.write(f"{FOLDER}/login", f"AUTH {redis.user(word)} {redis.passwords.in_redis(word)}\n")

    def apply(self, word: str = "", config: RedisConfig = CONFIG, check: bool = True) -> Any:
        return self.rig.run(redis.apply(config), files.encode(redis.wanted(config, word)), check=check)

    def settle(self, check: bool = True) -> Any:
        return self.rig.run(redis.settle(), check=check)


def test_before_the_first_start_only_files_are_written(rig: Rig) -> None:
    here = Redis(rig, running=False)
    here.apply(WORD)
    assert rig.read(redis.CONFIG) == redis.render(CONFIG, WORD)
    assert (rig.mode(redis.CONFIG), rig.mode(redis.LOGIN), rig.mode(FOLDER)) == ("644", "600", "700")
    assert here.interruptions == []


def test_the_declared_state_is_left_alone_and_each_run_says_another_word(rig: Rig) -> None:
    here = Redis(rig, WORD)
    said = {here.apply(WORD).stdout for _ in range(2)}
    here.settle()
    assert len(said) == 2
    assert here.interruptions == []
    assert here.state["users"] == with_password(WORD)
    assert not [line for line in here.state["done"] if line.startswith(("config set", "acl deluser", "client kill"))]
    assert rig.read(redis.CONFIG) == redis.render(CONFIG, WORD)


def test_settings_change_without_a_restart(rig: Rig) -> None:
    here = Redis(rig)
    here.apply(config=RedisConfig(memory_mb=1024, save="60 1000"))
    assert here.state["config"] == redis.settings(RedisConfig(memory_mb=1024, save="60 1000"))
    assert here.interruptions == []
    here.apply(config=RedisConfig(save=""))
    assert here.state["config"]["save"] == ""


def test_a_setting_that_it_refuses_costs_a_restart(rig: Rig) -> None:
    here = Redis(rig, refuses=["save"], after_restart={"save": "60 1"})
    here.apply(config=RedisConfig(save="60 1"))
    assert here.interruptions == ["docker restart -t 60 redis"]


@pytest.mark.parametrize("former", [FORMER, ""])
def test_a_new_password_comes_in_beside_the_former_one_until_it_is_settled(rig: Rig, former: str) -> None:
    here = Redis(rig, former)
    before = set(here.state["users"])
    here.apply(WORD)
    assert set(here.state["users"]) == {redis.user(WORD)} | before
    # A restart now forgets nobody.
    assert all(f"user {name} " in rig.read(redis.CONFIG) for name in here.state["users"])
    here.settle()
    assert set(here.state["users"]) == {"default", redis.user(WORD)}
    assert here.state["users"]["default"].endswith(PING)
    assert rig.read(redis.CONFIG) == redis.render(CONFIG, WORD)
    assert here.interruptions == []


def test_no_password_any_more_lets_all_in(rig: Rig) -> None:
    here = Redis(rig, FORMER)
    here.apply()
    here.settle()
    assert here.state["users"] == {"default": "on nopass ~* &* +@all"}
    assert here.interruptions == []


def test_a_redis_that_lets_us_in_by_nothing_we_know_is_started_anew(rig: Rig) -> None:
    here = Redis(rig, users={"default": f"on nopass {PING}", "mech-00000000": rules("by hand")})
    here.apply(WORD)
    assert here.interruptions == ["docker stop -t 60 redis", "docker start redis"]
    assert redis.user(WORD) in here.state["users"]


def test_one_that_does_not_answer_after_it_is_said(rig: Rig) -> None:
    here = Redis(rig)
    rig.fake("docker", 'case "$1" in ps) echo abc ;; exec) echo WRONGPASS ;; esac')
    done = here.apply(WORD, check=False)
    assert done.returncode == 1
    assert "Redis was restarted with its new settings and does not answer: see `docker logs redis`" in done.stderr


def test_one_that_keeps_another_password_is_said(rig: Rig) -> None:
    here = Redis(rig, FORMER)
    here.apply(WORD)
    here.set(stuck=[redis.user(FORMER)])
    done = here.settle(check=False)
    assert done.returncode == 1
    assert "Redis still takes another password than mech:REDIS_PASSWORD: see `docker logs redis`" in done.stderr


def test_a_user_of_somebody_else_is_not_touched(rig: Rig) -> None:
    here = Redis(rig, WORD)
    here.set(users={**with_password(WORD), "shop": rules("theirs")})
    here.apply(WORD)
    here.settle()
    assert here.state["users"]["shop"] == rules("theirs")


def test_who_still_uses_a_former_password_ends_and_nobody_else(rig: Rig) -> None:
    url = redis.url(WORD)
    here = Redis(rig, WORD, services={
        "ours": f"A=b\nREDIS_URL={url}", "former": f"REDIS_URL={redis.url(FORMER)}", "open": "REDIS_URL=redis://redis:6379",
        "theirs": "REDIS_URL=redis://:x@elsewhere:6379", "none": "A=b",
    })  # fmt: skip
    here.apply(WORD)
    here.settle()
    assert here.interruptions == ["docker stop -t 30 former open"]
    rig.forget()
    here.apply()
    here.settle()
    assert here.interruptions == ["docker stop -t 30 ours former"]


def test_the_guides_redis_cli_is_put_into_the_container(rig: Rig) -> None:
    here = Redis(rig, WORD)
    here.apply(WORD)
    here.settle()
    assert here.state["wrapper"] == redis.wanted(CONFIG, WORD)[f"{FOLDER}/wanted/redis-cli"]


def test_the_log_begins_with_the_snapshot_while_redis_is_down(rig: Rig) -> None:
    here = Redis(rig, running=False)
    rig.write(f"{DATA}/redis/dump.rdb", "REDIS0011")
    assert "the append-only file begins with the snapshot" in here.apply().stdout
    log = f"{DATA}/redis/appendonlydir"
    assert rig.read(f"{log}/appendonly.aof.1.base.rdb") == "REDIS0011"
    assert rig.read(f"{log}/appendonly.aof.manifest") == "file appendonly.aof.1.base.rdb seq 1 type b\n"
    rig.write(f"{log}/appendonly.aof.1.base.rdb", "newer")
    here.apply()
    assert rig.read(f"{log}/appendonly.aof.1.base.rdb") == "newer"


def test_a_log_that_would_not_be_read_is_refused(rig: Rig) -> None:
    here = Redis(rig, running=False)
    rig.write(f"{DATA}/redis/appendonlydir/appendonly.aof.manifest", "")
    done = here.apply(config=RedisConfig(append_only=False), check=False)
    assert done.returncode == 1
    assert "let it start once with mech:datastores.redis.appendOnly true, then set it to false" in done.stderr
    assert not rig.path(redis.CONFIG).exists()


def test_a_log_that_is_switched_off_is_saved_and_put_aside(rig: Rig) -> None:
    here = Redis(rig)
    rig.write(f"{DATA}/redis/appendonlydir/appendonly.aof.manifest", "")
    here.apply(config=RedisConfig(append_only=False))
    assert "save" in here.state["done"]
    assert rig.path(f"{DATA}/redis/appendonlydir.off").is_dir()
    assert not rig.path(f"{DATA}/redis/appendonlydir").exists()
