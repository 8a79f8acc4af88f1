"""A diagnosis said: one sentence first, then each cause with its evidence and its fix, then what was not looked at."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table

from mech_ops.diagnosis.causes.model import LAYERS
from mech_ops.diagnosis.gather import Heard
from mech_ops.diagnosis.look import Answer
from mech_ops.diagnosis.ranking import Diagnosis, Named

Json = dict[str, Any]
_COLOURS = {"outage": "bold red", "data": "bold red", "degraded": "red", "risk": "yellow", "notice": "cyan"}
_STATES = {"ok": "green", "degraded": "yellow", "down": "red", "unknown": "dim"}
_EVIDENCE = 4  # lines of it that a terminal shows


def heard(console: Console) -> Heard:
    """Says each source of a look in a line of its own, as it comes in."""

    def hear(source: str, seconds: float, silent: str) -> None:
        said = f"says nothing: {silent}" if silent else "looked at"
        console.print(f"{source} {said} ({seconds:.1f} s)", style="dim", markup=False)

    return hear


def headline(found: Diagnosis) -> str:
    """One sentence that says it all."""
    muted = f" (muted: {', '.join(found.muted)})" if found.muted else ""
    return _headline(found) + muted


def _headline(found: Diagnosis) -> str:
    failing, services = found.failing, len(found.look.services)
    first = next((named for named in found.named if not found.quiet(named)), None)
    if failing:
        # Where all that fails is known, it is of what is muted.
        named = first if found.alarming else next(named for named in found.named if named.code in found.muted)
        why = named.sentence if named else "nothing that was looked at says why"
        return f"{len(failing)} of {services} services {_fail([*failing.values()])}: {why}"
    silent = found.silent
    unknown = sum(view.state == "unknown" for view in found.look.views.values())
    well = f"{services - unknown} of {services} services answer" if unknown else f"all {services} services are well"
    well += f" on the host{'s' if found.look.hosts else ''}" if "edge" in silent else ""
    if first and first.severity != "notice":
        return f"{well}, but: {first.sentence}"
    left = len({code for codes in found.skipped.values() for code in codes})
    unseen = [f"{left} of {found.looked_for + left} causes could not be looked for"] if left else []
    unseen += [f"{source} says nothing: {why}" for source, why in silent.items()]
    if unseen:
        return f"{well}; nothing is wrong in what could be looked at ({'; '.join(unseen)})"
    return f"{well}; nothing is wrong ({found.looked_for} causes looked for)"


def _fail(states: list[str]) -> str:
    """How they do."""
    down = states.count("down")
    if 0 < down < len(states):
        return f"fail ({down} down, {len(states) - down} degraded)"
    return "down" if down else "degraded"


def data(found: Diagnosis) -> Json:
    """As `--json` gives it; the exit code is the command's."""
    return {
        "exit_code": found.exit_code,
        "stack": found.look.declared["stack"],
        "taken": found.look.bundle.taken,
        "headline": headline(found),
        "causes": [_cause(found, named) for named in found.named],
        "services": {
            name: {"state": view.state, **{at: _answer(getattr(view, at)) for at in ("edge", "nginx", "container")}}
            for name, view in found.look.views.items()
        },
        "skipped": [{"because": why, "causes": codes} for why, codes in found.skipped.items()],
        "silent": found.silent,
        "looked_for": found.looked_for,
        "seconds": found.look.bundle.seconds,
    }


def as_json(found: Diagnosis) -> str:
    return json.dumps(data(found), indent=2, ensure_ascii=False)


def text(found: Diagnosis) -> Group:
    """For a terminal."""
    parts: list[Any] = [f"[bold]{escape(headline(found))}[/]"]
    for number, named in enumerate(found.named, 1):
        parts += ["", *_told(number, named, found)]
    if found.failing:
        parts += ["", _views(found)]
    for why, codes in found.skipped.items():
        parts += [
            "",
            f"[yellow]skipped[/] (because {escape(why)}): {len(codes)} causes, such as {', '.join(codes[:3])}",
        ]
    return Group(*parts)


def _cause(found: Diagnosis, named: Named) -> Json:
    about, muted = named.cause, found.muted.get(named.code)
    where = {"hosts": list(named.hosts)} if found.look.hosts else {}
    return where | {
        "code": named.code, "severity": named.severity, "layer": about.layer, "sentence": named.sentence,
        "visitor": about.visitor, "fix": named.fix, "key": named.key, "evidence": list(named.evidence),
        "services": list(named.failing), "follows_from": list(named.after), "guide": about.guide,
        "page": f"docs/causes.md#{named.code.lower()}", "muted": muted.data() if muted else None,
    }  # fmt: skip


def _answer(answer: Answer) -> Json:
    return {"state": answer.state, "code": answer.code, "says": answer.says, "ms": answer.ms}


def _told(number: int, named: Named, found: Diagnosis) -> list[str]:
    muted = found.muted.get(named.code)
    colour = "dim" if found.quiet(named) else _COLOURS[named.severity]
    lines = [f"{number}. [{colour}]{named.severity}[/] [bold]{named.code}[/]  {escape(named.sentence)}"]
    if muted:
        lines.append(f"   muted    {escape(muted.words())}")
    if named.code in found.outgrown:
        lines.append(f"   [bold]was muted, and counts again: {escape(found.outgrown[named.code])}[/]")
    lines.append(
        f"   where    {', '.join([LAYERS[named.cause.layer], *named.hosts])}"
        + (f"; harms {', '.join(named.failing)}" if named.failing else "")
    )
    if named.after:
        lines.append(f"   follows  from {', '.join(named.after)}")
    lines += [f"   shown by {escape(line)}" for line in named.evidence[:_EVIDENCE]]
    lines.append(f"   fix      [bold]{escape(named.fix)}[/]" + (f"  (config: {named.key})" if named.key else ""))
    return lines


def _views(found: Diagnosis) -> Table:
    shown = Table(box=None, pad_edge=False)
    for column in ("service", "by the edge", "at nginx", "at its container"):
        shown.add_column(column, overflow="fold")
    for name, view in found.look.views.items():
        shown.add_row(name, *(_cell(answer) for answer in (view.edge, view.nginx, view.container)))
    return shown


def _cell(answer: Answer) -> str:
    code = f"{answer.code} " if answer.code else ""
    return f"[{_STATES[answer.state]}]{code}{answer.state}[/]" + (f" {escape(answer.says[:60])}" if answer.says else "")
