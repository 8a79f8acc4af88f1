"""MongoDB: our user comes in beside the former one, by whoever is known there, and the former one goes at the end."""

from __future__ import annotations

from typing import Any

import pytest

from mech_infra.commands import files, mongodb
from mech_infra.commands.mongodb import ASKS, FOLDER, OPEN, START
from tests.unit.mech_infra.commands.databases import Database
from tests.unit.mech_infra.commands.rig import Rig

OPTIONS = f"{START}/options"
WORD, FORMER = "new word", "old word"
USER, FORMER_USER = mongodb.user(WORD), mongodb.user(FORMER)


class Mongo(Database):
    """`word` is the password that the commands gave it before; without, it asks nobody."""

    def __init__(self, rig: Rig, word: str = "", **state: Any) -> None:
        users = {mongodb.user(word): word} if word else {}
        super().__init__(rig, FOLDER, **{"users": users, "options": ASKS if word else OPEN, **state})
        if word:
            rig.write(f"{FOLDER}/login.js", mongodb.wanted(word)[f"{FOLDER}/wanted/login.js"])
            rig.path(f"{FOLDER}/login.js").chmod(0o600)
            rig.write(OPTIONS, f"{ASKS}\n")

    def apply(self, word: str = WORD) -> Any:
        return self.rig.run(mongodb.apply(), files.encode(mongodb.wanted(word)))

    def ensure(self, check: bool = True) -> Any:
        return self.rig.run(mongodb.ensure(), check=check)

    def settle(self, password: bool = True, check: bool = True) -> Any:
        return self.rig.run(mongodb.settle(password), check=check)


def test_the_declared_state_is_left_alone_and_each_run_says_another_word(rig: Rig) -> None:
    here = Mongo(rig, WORD)
    assert len({*(here.apply().stdout for _ in range(2)), *(here.ensure().stdout for _ in range(2))}) == 4
    here.settle()
    assert here.interruptions == []
    assert here.state["users"] == {USER: WORD}
    assert (rig.read(OPTIONS), rig.mode(OPTIONS), rig.mode(f"{FOLDER}/login.js")) == (f"{ASKS}\n", "644", "600")


def test_before_the_first_start_it_is_said_that_it_shall_ask(rig: Rig) -> None:
    here = Mongo(rig, running=False)
    here.apply()
    assert rig.read(OPTIONS) == f"{ASKS}\n"
    assert (rig.mode(FOLDER), rig.mode(f"{FOLDER}/start")) == ("700", "755")
    # Its first start: it asks, has no user, and lets the first one be made.
    here.set(running=True, options=ASKS)
    here.ensure()
    assert here.state["users"] == {USER: WORD}
    assert here.interruptions == []


def test_a_new_password_comes_in_beside_the_former_one_until_it_is_settled(rig: Rig) -> None:
    here = Mongo(rig, FORMER)
    here.apply()
    assert here.state["users"] == {FORMER_USER: FORMER, USER: WORD}
    here.ensure()
    here.settle()
    assert here.state["users"] == {USER: WORD}
    assert here.interruptions == []


def test_one_that_asks_nobody_goes_on_so_until_it_is_settled(rig: Rig) -> None:
    here = Mongo(rig)
    here.apply()
    assert rig.read(OPTIONS) == f"{OPEN}\n"
    here.ensure()
    assert (here.state["users"], here.interruptions) == ({USER: WORD}, [])
    here.settle()
    assert here.interruptions == ["docker restart -t 60 mongodb"]
    assert here.state["options"] == f"{ASKS}\n"


def test_the_user_that_the_image_made_lets_us_in_and_goes(rig: Rig) -> None:
    here = Mongo(rig, users={"mech": "of before"}, options=ASKS, env_user="mech")
    here.apply()
    assert here.interruptions == []
    here.settle()
    assert here.state["users"] == {USER: WORD}


def test_where_nobody_is_known_it_is_opened_for_itself_alone(rig: Rig) -> None:
    here = Mongo(rig, users={"mech-00000000": "by hand", "shop": "theirs"}, options=ASKS)
    here.apply()
    assert USER not in here.state["users"]
    here.ensure()
    assert here.interruptions == ["docker restart -t 60 mongodb"] * 2
    assert here.state["options"] == f"{ASKS}\n"
    assert not rig.path(f"{FOLDER}/closed").exists()
    here.settle()
    assert here.state["users"] == {USER: WORD, "shop": "theirs"}


def test_a_run_that_was_killed_meanwhile_is_finished_by_the_next(rig: Rig) -> None:
    here = Mongo(rig, users={"mech-00000000": "by hand"}, options=mongodb.CLOSED)
    rig.write(f"{FOLDER}/closed", "")
    here.apply()
    here.ensure()
    assert here.state["options"] == f"{ASKS}\n"
    assert here.state["users"][USER] == WORD
    assert not rig.path(f"{FOLDER}/closed").exists()


def test_one_that_does_not_answer_is_said(rig: Rig) -> None:
    here = Mongo(rig, FORMER)
    here.apply()
    rig.fake("docker", "exit 1")
    done = here.ensure(check=False)
    assert done.returncode == 1
    assert "MongoDB does not answer its own mongosh: see `docker logs mongodb`, then pulumi up again" in done.stderr


def test_one_that_goes_on_asking_nobody_is_said(rig: Rig) -> None:
    here = Mongo(rig, WORD)
    here.apply()
    # Its container reads other options than ours.
    here.set(options=OPEN, folder="/nowhere")
    done = here.settle(check=False)
    assert done.returncode == 1
    assert "MongoDB does not ask for mech:MONGODB_PASSWORD: see `docker logs mongodb`" in done.stderr


def test_no_password_any_more_leaves_no_user_and_no_file(rig: Rig) -> None:
    here = Mongo(rig, FORMER, options=OPEN)
    here.set(users={FORMER_USER: FORMER, "shop": "theirs"})
    here.settle(password=False)
    assert here.state["users"] == {"shop": "theirs"}
    assert not rig.path(f"{FOLDER}/login.js").exists()


@pytest.mark.parametrize(("password", "stopped"), [(True, "former before open"), (False, "ours former before")])
def test_who_still_uses_a_former_password_ends_and_nobody_else(rig: Rig, password: bool, stopped: str) -> None:
    here = Mongo(rig, WORD, services={
        "ours": f"MONGODB_URI={mongodb.url(WORD)}", "former": f"MONGODB_URI={mongodb.url(FORMER)}",
        "before": "MONGODB_URI=mongodb://mech:x@mongodb:27017/mech", "open": "MONGODB_URI=mongodb://mongodb:27017/mech",
        "theirs": "MONGODB_URI=mongodb://mech:x@elsewhere:27017", "none": "A=b",
    })  # fmt: skip
    here.apply()
    here.settle(password)
    assert here.interruptions == [f"docker stop -t 30 {stopped}"]
