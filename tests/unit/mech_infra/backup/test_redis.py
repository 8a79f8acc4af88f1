"""Redis' file by its head, as a real one begins, and Redis asked by what it answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mech_infra.backup import child, redis
from mech_infra.backup.words import Failed

# Of Redis 7.0: redis-ver, redis-bits, ctime, used-mem, aof-base; then database 0.
HEAD = (
    b"REDIS0010\xfa\tredis-ver\x067.0.15\xfa\nredis-bits\xc0@\xfa\x05ctime\xc2\x11\x22\x33\x6b"
    b"\xfa\x08used-mem\xc2\x20\xd6\x0e\x00\xfa\x08aof-base\xc0\x00"
)


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        (b"\xfe\x00\xfb\x05\x02\x00\x01k\x01v", redis.Keys(5, 2)),
        (b"\xfe\x00\xfb\x41\x2c\x00\x00", redis.Keys(300, 0)),
        (b"\xfe\x00\xfb\x80\x00\x01\x86\xa0\x00", redis.Keys(100_000, 0)),
        (b"\xff\x00\x00\x00\x00\x00\x00\x00\x00", redis.Keys(0, 0)),
        (b"\xfe\x00\x00\x01k\x01v", None),
        (b"\xfe", None),
    ],
)
def test_how_many_keys_its_file_has(rest: bytes, found: redis.Keys | None, tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(HEAD + rest)
    assert redis.in_file(tmp_path / "dump.rdb") == found


def test_what_is_no_file_of_redis_is_told(tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"\0" * 100)
    with pytest.raises(Failed) as why:
        redis.in_file(tmp_path / "dump.rdb")
    assert why.value.code == "REDIS_BROKEN"


class Server:
    """Answers as Redis does; it saves when it is told to, and takes two looks for it."""

    def __init__(self, **about: str) -> None:
        self.about = {"rdb_bgsave_in_progress": "0", "rdb_saves": "3", "rdb_last_bgsave_status": "ok", **about}
        self.asked: list[str] = []
        self.fails = False

    def __call__(self, *argv: str, limit_s: float, given: bytes = b"") -> child.Done:
        assert argv[:3] == ("docker", "exec", "-i") and not any("secret" in word for word in argv)
        *login, command = given.decode().splitlines()
        self.asked.append(command)
        if command == "bgsave":
            self.about["rdb_bgsave_in_progress"] = "1"
            return child.Done(0, self.said(login, "Background saving started"), "")
        said = "".join(f"{key}:{value}\r\n" for key, value in self.about.items())
        if self.about["rdb_bgsave_in_progress"] == "1":
            self.about |= {
                "rdb_bgsave_in_progress": "0",
                "rdb_saves": str(int(self.about["rdb_saves"]) + (not self.fails)),
            }
            self.about["rdb_last_bgsave_status"] = "err" if self.fails else "ok"
        return child.Done(0, self.said(login, said), "")

    def said(self, login: list[str], text: str) -> str:
        return f"OK\n{text}" if login else text


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(child, "run", made)
    monkeypatch.setattr(redis.time, "sleep", lambda _: None)
    return made


@pytest.mark.parametrize("password", ["", "AUTH default secret\n"])
def test_it_waits_until_redis_has_saved_after_it_was_asked(server: Server, password: str, tmp_path: Path) -> None:
    (tmp_path / "login").write_text(password)
    server.about["rdb_bgsave_in_progress"] = "1"  # one of before, which may lack the canary
    redis.save(tmp_path / "login")
    assert server.about["rdb_saves"] == "5"
    assert server.asked.index("bgsave") >= 1


def test_a_save_that_fails_is_told(server: Server, tmp_path: Path) -> None:
    server.fails = True
    with pytest.raises(Failed) as why:
        redis.save(tmp_path / "none")
    assert why.value.code == "REDIS_SAVE"


def test_who_is_not_let_in_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(child, "run", lambda *_, **__: child.Done(0, "NOAUTH Authentication required.\n", ""))
    with pytest.raises(Failed) as why:
        redis.ask("info", login=tmp_path / "none")
    assert why.value.code == "REDIS_REFUSES"


@pytest.mark.parametrize("password", ["", "AUTH default secret\n"])
def test_a_canary_is_put_in_and_the_version_read_in_one_call(
    password: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "login").write_text(password)
    calls: list[str] = []

    def answer(*argv: str, limit_s: float, given: bytes) -> child.Done:
        calls.append(given.decode())
        return child.Done(0, "OK\n" * (1 + bool(password)) + "# Server\r\nredis_version:7.4.1\r\nos:Linux\r\n", "")

    monkeypatch.setattr(child, "run", answer)
    assert redis.plant("the-value", tmp_path / "login") == "7.4.1"
    assert calls == [f"{password}set {redis.CANARY} the-value\ninfo server\n"]


def test_a_redis_that_takes_no_write_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(child, "run", lambda *_, **__: child.Done(0, "OOM command not allowed\nredis_version:7\n", ""))
    with pytest.raises(Failed) as why:
        redis.plant("the-value", tmp_path / "none")
    assert why.value.code == "REDIS_REFUSES"
