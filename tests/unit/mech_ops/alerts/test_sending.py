"""Posting: each message to each destination once, in order, in bounded time, and no token of an address anywhere."""

from __future__ import annotations

import io
import logging
import time

import pytest

from mech_ops.alerts import sending
from mech_ops.alerts.memory import Message
from mech_ops.alerts.sending import Destination, deliver, destinations
from tests.receiver import receiver

TOKEN, PASSWORD = "T0ken-Not-To-Be-Seen-4711", "pa55w0rd-not-to-be-seen"


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSE_S", 0.05)


def waiting(some: list[Destination], *titles: str) -> list[Message]:
    return [Message("", "failure", title, "body", [one.name for one in some]) for title in titles]


def test_a_message_says_what_it_is() -> None:
    with receiver() as there:
        some = destinations([there.address("hook")])
        messages = waiting(some, "first", "second")
        assert deliver(messages, some) == {}
    assert there.titles == ["first", "second"] and [one.waits for one in messages] == [[], []]
    assert there.got[0]["message"] == "body" and there.got[0]["type"] == "failure"


def test_one_that_refuses_once_is_tried_again() -> None:
    with receiver(503) as there:
        some = destinations([there.address()])
        assert deliver(waiting(some, "first"), some) == {}
    assert there.titles == ["first"] and there.asked == 2


def test_one_that_goes_on_to_refuse_keeps_its_messages_and_the_others_get_theirs() -> None:
    with receiver(*[503] * 9) as ill, receiver() as well:
        some = destinations([ill.address(), well.address()])
        messages = waiting(some, "first", "second")
        failed = deliver(messages, some)
        assert list(failed) == ["1 json"] and "503" in failed["1 json"]
        assert [one.waits for one in messages] == [["1 json"], ["1 json"]]
        assert well.titles == ["first", "second"] and ill.asked == sending.TRIES
        ill.answers.clear()
        assert deliver(messages, some) == {} and ill.titles == ["first", "second"] == well.titles


def test_one_that_is_silent_costs_its_time_and_no_more() -> None:
    with receiver() as silent, receiver() as well:
        silent.slow_s = 30
        some = destinations([silent.address(), well.address()])
        messages = waiting(some, "first")
        begin = time.monotonic()
        failed = deliver(messages, some, limit_s=1)
        assert time.monotonic() - begin < 3 and well.titles == ["first"]
    assert failed == {"1 json": "it did not answer within 1 s"} and messages[0].waits == ["1 json"]


def test_who_is_no_destination_any_more_is_not_waited_for() -> None:
    messages = [Message("", "failure", "old", "body", ["7 slack"])]
    assert deliver(messages, []) == {} and messages[0].waits == []


@pytest.mark.parametrize(
    "address",
    [
        f"json://user:{PASSWORD}@127.0.0.1:1/hooks/{TOKEN}?key={TOKEN}",
        f"jsons://127.0.0.1:1/{TOKEN}",
        f"nosuch://{TOKEN}/{PASSWORD}",
        f"mailto://user:{PASSWORD}@127.0.0.1:1?to=ops@mech.example",
        f"slack://{TOKEN}/B0GUS/{PASSWORD}",
        f"json://[{TOKEN}",
    ],
)
def test_no_token_is_said_or_logged(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also to a program that logs everything."""
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    logging.getLogger().addHandler(handler)
    some = destinations([address])
    try:
        failed = deliver(waiting(some, "first"), some, limit_s=20)
    finally:
        logging.getLogger().removeHandler(handler)
    assert list(failed) == [some[0].name] and failed[some[0].name]
    said = capsys.readouterr()
    everything = f"{failed} {some} {said.out} {said.err} {logged.getvalue()}"
    assert TOKEN not in everything and PASSWORD not in everything


def test_a_mail_is_sent_by_the_same_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Apprise gives to the mail server: the lines of the message are still lines."""
    import smtplib

    sent: list[str] = []

    class Server:
        def __init__(self, *_: object, **__: object) -> None: ...

        def sendmail(self, _from: str, _to: object, text: str) -> None:
            sent.append(text)

        def __getattr__(self, name: str) -> object:
            return lambda *_, **__: None

    monkeypatch.setattr(smtplib, "SMTP", Server)
    some = destinations([f"mailto://user:{PASSWORD}@mech.example?to=ops@mech.example&mode=insecure"])
    messages = [Message("", "failure", "Mech prod: outage X", "X: says\nfix: pulumi up", [some[0].name])]
    assert deliver(messages, some) == {}
    assert "Mech prod: outage X" in sent[0] and PASSWORD not in sent[0]
    assert "text/plain" in sent[0] and "text/html" not in sent[0] and "X: says\nfix: pulumi up" in sent[0]
