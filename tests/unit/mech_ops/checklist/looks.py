"""Bundles of the diagnosis' tests, with what the lists want to know beside."""

from __future__ import annotations

from collections.abc import Sequence

from mech_ops.checklist import command, report
from mech_ops.checklist.history import Run
from mech_ops.checklist.model import ITEMS, Checked, Seen, check
from mech_ops.diagnosis import ranking
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.look import Look
from tests.unit.mech_ops.diagnosis import patches

MIB = 1 << 20


def read(*over: str) -> Bundle:
    """A platform that is well, or with these failures, taken on 2026-11-27 at 03:12."""
    seen = patches.read(*over)
    host = seen.facts["host"]
    # The recording's own failures of minutes before are not this day's.
    host["web_day"] = {
        "errors": [],
        "codes": {name: {"200": 5000, "503": 2} for name in seen.declared["services"]},
        "loud": [],
    }
    host["critical"] = []
    host["usage"] = {name: {"used": 100 * MIB, "limit": 512 * MIB} for name in host["inspected"]}
    host["rotation"] = {"ran_s": 3600.0, "timer": "active"}
    host["updates"] = {"security": [], "others": 3, "lists_s": 3600.0}
    seen.facts["tls"] = {"certificates": {"llm.mech.is": {"end": "2027-02-05T00:00:00+00:00"}}}
    return seen


def item(key: str, seen: Bundle, past: Sequence[Run] = ()) -> Checked:
    return check(ITEMS[key], Seen(ranking.diagnose(Look(seen)), past))


def through(which: str, seen: Bundle, **answers: bool) -> report.Report:
    return command.go_through(which, seen, answers, lambda _: None)[0]
