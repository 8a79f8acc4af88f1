"""`mech env`: where a value goes, and that no secret goes where all can read it."""

from __future__ import annotations

import io

import pytest

from mech_ops.errors import OpsError
from mech_ops.everyday import settings

from .engine import Engine

KEY = "sk-ant-" + "k" * 30


def put(name: str, key: str, value: str, secret: bool = False) -> str:
    said: list[str] = []
    settings.put("t", settings.place(name, key, secret), value, said.append)
    return "\n".join(said)


def take(name: str, key: str) -> str:
    said: list[str] = []
    settings.take("t", settings.place(name, key, secret=False), said.append)
    return "\n".join(said)


def test_a_plain_setting_goes_into_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, services={"llm": {"cpus": 2}})
    assert put("llm", "LIMIT", "7") == "mech:services.llm.environment.LIMIT: not set → 7"
    assert engine.told == [("set", "mech:services.llm.environment.LIMIT", "7")]
    assert engine.argv[engine.argv.index("--type") + 1] == "string"


def test_what_is_so_already_is_not_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, services={"llm": {"environment": {"LIMIT": "7"}}})
    assert "already" in put("mech-llms", "LIMIT", "7")
    assert engine.told == []


@pytest.mark.parametrize(
    ("services", "told"),
    [
        ({"llm": {"environment": {"LIMIT": "7", "A": "1"}}}, ("rm", "mech:services.llm.environment.LIMIT")),
        ({"llm": {"environment": {"LIMIT": "7"}, "cpus": 2}}, ("rm", "mech:services.llm.environment")),
        ({"llm": {"environment": {"LIMIT": "7"}}, "queue": {"cpus": 2}}, ("rm", "mech:services.llm")),
        ({"llm": {"environment": {"LIMIT": "7"}}}, ("rm", "mech:services")),
    ],
)
def test_unset_leaves_no_empty_objects(
    monkeypatch: pytest.MonkeyPatch, services: dict[str, object], told: tuple[str, ...]
) -> None:
    engine = Engine(monkeypatch, services=services)
    assert take("llm", "LIMIT") == "mech:services.llm.environment.LIMIT: 7 → not set"
    assert engine.told == [told]


def test_a_secret_of_the_catalogue_goes_in_by_standard_input_and_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch)
    for secret in (False, True):
        said = put("llm", "ANTHROPIC_API_KEY", KEY, secret)
        assert said == "mech:ANTHROPIC_API_KEY: set, encrypted in the stack's config"
    assert engine.hidden == {"mech:ANTHROPIC_API_KEY": KEY}
    assert engine.told == [] and KEY not in " ".join(engine.argv)
    put("redis", "REDIS_PASSWORD", "a b")
    assert engine.hidden["mech:REDIS_PASSWORD"] == "a b"


@pytest.mark.parametrize(("key", "secret"), [("SENTRY_TOKEN", False), ("SENTRY_DSN", True)])
def test_another_secret_of_a_service_has_its_room(monkeypatch: pytest.MonkeyPatch, key: str, secret: bool) -> None:
    engine = Engine(monkeypatch, services={})
    place = f"mech:serviceSecrets.llm.{key}"
    assert put("llm", key, "s3cr3t-dsn", secret) == f"{place}: set, encrypted in the stack's config"
    assert engine.hidden == {place: "s3cr3t-dsn"} and engine.told == []
    assert "--path" in engine.argv and "s3cr3t-dsn" not in engine.argv
    said: list[str] = []
    settings.take("t", settings.place("llm", key, secret), said.append)
    assert (said, engine.told) == ([f"{place}: not set any more"], [("rm", place)])


@pytest.mark.parametrize(
    ("name", "key", "value", "secret", "says"),
    [
        ("llm", "SENTRY_TOKEN", "", False, "no value came"),
        ("llm", "FALLBACK", KEY, False, "the value looks like a key.*mech env set --secret llm FALLBACK"),
        ("llm", "MIRROR", "https://me:hunter22@example.com/", False, "the value looks like a key or has a password"),
        ("queue", "OPENAI_API_KEY", KEY, False, "OPENAI_API_KEY is a secret of llm, and queue does not get it"),
        ("llm", "ANTHROPIC_API_KEY", "changeme", False, "that is no ANTHROPIC_API_KEY: it looks like sk-ant-…"),
        ("llm", "PORT", "1", False, "PORT is set by the program, from mech:services.llm.port"),
        ("llm", "A-B", "1", False, "is no name of a setting"),
        ("llm", "A", "", False, "no value came"),
        ("llm", "A", "x\ny", False, "line break"),
        ("lmm", "A", "1", False, "did you mean llm"),
        ("redis", "MAXMEMORY", "1", False, "MAXMEMORY is no setting of redis; the one of redis is REDIS_PASSWORD"),
        ("llm", "REDIS_PASSWORD", "x", False, "REDIS_PASSWORD is no setting of llm; the one of redis"),
    ],
)
def test_what_has_no_place_is_refused_and_never_said(
    monkeypatch: pytest.MonkeyPatch, name: str, key: str, value: str, secret: bool, says: str
) -> None:
    engine = Engine(monkeypatch, services={})
    with pytest.raises(OpsError, match=says) as refused:
        put(name, key, value, secret)
    assert engine.told == [] and engine.hidden == {}
    assert KEY not in str(refused.value) and "hunter22" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [
        ("llm", "LIMIT", "is not set, and nothing was changed"),
        ("llm", "OPENAI_API_KEY", "llm cannot work without OPENAI_API_KEY; set another one: mech env set"),
        ("mongodb", "MONGODB_PASSWORD", "pulumi config rm mech:MONGODB_PASSWORD"),
    ],
)
def test_what_cannot_be_unset(monkeypatch: pytest.MonkeyPatch, name: str, key: str, says: str) -> None:
    engine = Engine(monkeypatch, services={})
    with pytest.raises(OpsError, match=says):
        take(name, key)
    assert engine.told == []


@pytest.mark.parametrize(("given", "value"), [(b"a b\n", "a b"), (b"a\r\n", "a"), (b"", ""), (b"a\n\n", "a\n")])
def test_a_value_by_standard_input_loses_the_end_of_its_line(given: bytes, value: str) -> None:
    assert settings.given(io.BytesIO(given)) == value


@pytest.mark.parametrize(("given", "says"), [(b"\xff\xfe", "no text"), (b"a" * 40_000, "more than 32768 characters")])
def test_a_value_that_is_no_text_is_refused(given: bytes, says: str) -> None:
    with pytest.raises(OpsError, match=says):
        settings.given(io.BytesIO(given))
