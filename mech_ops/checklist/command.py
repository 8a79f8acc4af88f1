"""`mech checklist`, put together: look (or read a bundle), check each item, ask what only a person knows, note the run."""

from __future__ import annotations

import dataclasses
import getpass
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mech_ops import pulumi
from mech_ops.checklist import capacity, certificates, history, items, report
from mech_ops.checklist.model import LISTS, Checked, Item, Seen, check
from mech_ops.checklist.report import Report, Row
from mech_ops.diagnosis import bundle, gather, ranking
from mech_ops.diagnosis.bundle import Bundle
from mech_ops.diagnosis.look import Look
from mech_ops.errors import OpsError

Ask = Callable[[Item], bool | None]
"""A person's answer; None where there is none."""
# What each list wants to know beside what a diagnosis sees; memory of each container goes into the history of all.
_MORE = {
    "daily": gather.More(("usage", "web_day", "critical")),
    "weekly": gather.More(("usage", "web_day", "rotation"), {"tls": certificates.edge}),
    "monthly": gather.More(("usage", "updates")),
}
assert items  # its import fills the table


def known(which: str, given: Sequence[str]) -> dict[str, bool]:
    """Answers of the command line. Raises OpsError for a list that is none, and for what nobody asks."""
    if which not in LISTS:
        raise OpsError(f"{which}: one of {', '.join(LISTS)}")
    asked, found = [one.key for one in report.of(which) if one.asks], {}
    for text in given:
        key, _, answer = text.partition("=")
        if key not in asked or answer not in ("yes", "no"):
            able = f"ITEM is one of {', '.join(asked)}" if asked else f"the {which} list asks nothing"
            raise OpsError(f"--answer {text}: write ITEM=yes or ITEM=no; {able}")
        found[key] = answer == "yes"
    return found


def look(stack: str | None, which: str, heard: gather.Heard) -> Bundle:
    """Everything that the list wants to know. Raises OpsError."""
    return gather.look(stack, heard, more=_MORE[which])


def kept(path: Path) -> Bundle:
    """What somebody saw before. Raises OpsError."""
    return bundle.read(path)


def go_through(which: str, seen: Bundle, given: Mapping[str, bool], ask: Ask) -> tuple[Report, list[history.Run]]:
    """The list with its answers, and the runs before this look. Raises OpsError where their file cannot be read."""
    past = [run for run in history.read(history.path(seen.declared["stack"])) if run.when < seen.taken]
    found, who = ranking.diagnose(Look(seen)), user()
    rows = [_row(one, check(one, Seen(found, past)), past, given, ask, who) for one in report.of(which)]
    measures, _ = capacity.measures(Look(seen))
    run = history.Run(
        when=seen.taken, which=which, who=who, exit_code=report.exit_code(rows),
        states={row.item.key: row.checked.state for row in rows},
        answers={row.item.key: row.answer for row in rows if row.answer},
        numbers={one.key: [one.used, one.limit] for one in measures},
    )  # fmt: skip
    return Report(which, found, rows, run), past


def _row(one: Item, found: Checked, past: Sequence[history.Run], given: Mapping[str, bool], ask: Ask, who: str) -> Row:
    if found.state != "ask":
        return Row(one, found)
    before = [run for run in past if one.key in run.answers]
    if before:
        last = f"last answered {before[-1].answers[one.key]} by {before[-1].who} at {before[-1].when}"
        found = dataclasses.replace(found, evidence=(*found.evidence, last))
    answer = given.get(one.key)
    if answer is None:
        answer = ask(one)
    if answer is None:
        return Row(one, found)
    word = "yes" if answer else "no"
    says = f"{who} says {word}: {one.asks}"
    return Row(one, dataclasses.replace(found, state="ok" if answer else "wrong", says=says), word)


def past(stack: str | None, which: str, most: int) -> list[history.Run]:
    """The last runs of a list. Raises OpsError."""
    known(which, ())
    name = stack or pulumi.run(pulumi.selected_command()).strip()
    # `--stack` may have the organization before the name; the state has the name alone.
    runs = history.read(history.path(name.rpartition("/")[2]))
    return [run for run in runs if run.which == which][-most:]


def user() -> str:
    """Who runs it; containers may have no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
