"""Looks one after the other, at bundles: what is told of them, without a host, a clock or a network."""

from __future__ import annotations

import datetime as dt

from mech_ops.alerts import judging, message
from mech_ops.alerts.judging import News
from mech_ops.alerts.memory import Memory, Message
from mech_ops.alerts.seen import Seen, seen
from mech_ops.diagnosis import ranking
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.causes.model import Severity
from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.mutes import Mute

NOW = dt.datetime(2026, 11, 27, 3, 0, tzinfo=dt.UTC)


def look(bundle: Bundle, least: Severity = "risk", mutes: dict[str, Mute] | None = None) -> Seen:
    return seen(ranking.diagnose(Look(bundle), mutes), least)


class Watcher:
    """Sees what it is shown, two looks a run as `mech alert` does, and keeps what it was told."""

    def __init__(self) -> None:
        self.now, self.memory = NOW, Memory()
        self.news: list[News] = []
        self.messages: list[Message] = []

    def sees(self, first: Seen, second: Seen | None = None, after_s: float = 30) -> list[News]:
        """One run; `second` is what the look after the first shows, else the same."""
        self.now += dt.timedelta(seconds=after_s)
        then = second or first
        before = judging.news(self.memory, first, self.now)
        told = judging.certain(judging.news(self.memory, then, self.now), before)
        judging.note(self.memory, then, told, self.now)
        self.news += told
        self.messages += message.messages(told, then, self.now)
        return told

    def kinds(self) -> list[tuple[str, str]]:
        return [(one.kind, one.code) for one in self.news]
