from __future__ import annotations

from typing import Any

import pytest

from mech_infra.commands import mongodb as commands
from mech_infra.facts.host import mongodb

from .conftest import recorded, word

WORD = "a password"
USER = commands.user(WORD)


@pytest.mark.parametrize(
    ("password", "facts", "says"),
    [
        (WORD, {"asks_nobody": False, "users": [USER]}, "accepted"),
        (WORD, {"asks_nobody": False, "users": []}, "refused"),
        (WORD, {"asks_nobody": True, "users": [USER]}, "not asked for"),
        (WORD, {"asks_nobody": False, "users": ["mech", USER]}, "a former one, too"),
        (WORD, None, "accepted"),
        ("", {"asks_nobody": True, "users": []}, "accepted"),
        ("", {"asks_nobody": False, "users": []}, "asked for"),
    ],
)
def test_who_gets_in(password: str, facts: dict[str, Any] | None, says: str) -> None:
    assert word(mongodb.password(password), recorded(mongodb=facts)) == says


def test_the_host_as_declared_shows_nothing() -> None:
    assert word(mongodb.password(""), recorded()) == "accepted"


SAID = f"""{{
  users: [ {{ _id: 'admin.{USER}', user: '{USER}' }}, {{ user: 'somebody' }} ],
  ok: 1
}}
{{ featureCompatibilityVersion: {{ version: '6.0' }}, ok: 1 }}
7.0.14
"""


def test_read_as_who_is_let_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "login.js").write_text("db.auth(1)\n")

    def run(*argv: str, given: str = "") -> tuple[int, str]:
        return (0, SAID) if "db.auth" in given or "ping" in given else (1, "MongoServerError: requires authentication")

    monkeypatch.setattr(mongodb, "run", run)
    found = mongodb.mongodb(f"{tmp_path}/login.js", commands.USERS)
    assert found == {"asks_nobody": False, "users": [USER], "version": "7.0.14", "fcv": "6.0"}
    monkeypatch.setattr(mongodb, "run", lambda *argv, given="": (1, "container mongodb is not running"))
    assert mongodb.mongodb(f"{tmp_path}/login.js", commands.USERS) is None
