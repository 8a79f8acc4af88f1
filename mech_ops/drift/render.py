"""A report as text for a terminal, as markdown for an issue or a chat, as JSON for scripts."""

from __future__ import annotations

import json
from dataclasses import replace

from mech_ops.drift.report import Item, Report

FORMATS = ("text", "json", "markdown")


def render(report: Report, form: str) -> str:
    return {"text": text, "json": as_json, "markdown": markdown}[form](report)


def as_json(report: Report) -> str:
    return json.dumps(report.data(), indent=2, ensure_ascii=False)


def headline(report: Report) -> str:
    """One sentence that says it all."""
    found = [
        f"{len(report.repaired)} repaired" if report.repaired else "",
        f"{len(report.drift)} drifted" if report.drift else "",
        f"{len(report.unapplied)} declared and not applied yet" if report.unapplied else "",
        "a part was not looked at" if report.not_looked_at else "",
        _down(report),
        "" if report.exit_code else "no drift: everything that was looked at is as declared",
        "visitors could not be asked from here" if report.visitors_unasked else "",
    ]
    said = ", ".join(filter(None, found))
    return f"stack {report.stack}: {said}" if report.stack else said


def _down(report: Report) -> str:
    if not report.down:
        return ""
    explained = "" if report.drift or report.not_looked_at else ", and nothing declared explains it: mech diagnose"
    return f"{len(report.down)} services down for visitors{explained}"


def following(report: Report) -> str:
    """What the next command is; empty when there is nothing to do."""
    if any("mech recover" in said for said in report.not_looked_at):
        return "mech recover, then mech drift"
    if report.drift or report.unapplied:
        return "pulumi up"
    return "mech diagnose" if report.down else ""


def _sections(report: Report) -> list[tuple[str, list[tuple[str, str, str]]]]:
    def rows(items: list[Item]) -> list[tuple[str, str, str]]:
        return [(item.part, item.sentence, item.repair) for item in sorted(items, key=lambda item: item.part)]

    def plain(sentences: list[str]) -> list[tuple[str, str, str]]:
        return [("", sentence, "") for sentence in sorted(sentences)]

    return [
        ("Not looked at", plain([*report.not_looked_at, *filter(None, [report.visitors_unasked])])),
        ("Visitors", plain(report.down)),
        ("Repaired", rows([replace(item, repair="") for item in report.repaired])),
        ("Drift", rows(report.drift)),
        ("Declared, not applied yet", rows(report.unapplied)),
        ("Not ours (left as it is)", plain([said.removesuffix(" (left as it is)") for said in report.not_ours])),
        ("Not well (no `pulumi up` heals it)", plain(report.not_well)),
    ]


def text(report: Report) -> str:
    lines = [headline(report)]
    for title, rows in _sections(report):
        if not rows:
            continue
        width = max(len(part) for part, _, _ in rows)
        lines += ["", title]
        for part, sentence, repair in rows:
            lines.append(f"  {part:{width}}{'  ' if width else ''}{sentence}" + (f" → {repair}" if repair else ""))
    if report.follows:
        lines += ["", "pulumi up would also do, since it follows from these", *(f"  {step}" for step in report.follows)]
    if report.not_repaired:
        lines += ["", f"not repaired: {report.not_repaired}"]
    return "\n".join([*lines, *(["", f"next: {following(report)}"] if following(report) else [])])


def markdown(report: Report) -> str:
    lines = [f"### Drift: {_cell(headline(report))}"]
    for title, rows in _sections(report):
        if not rows:
            continue
        lines += ["", f"#### {title}", ""]
        if any(part for part, _, _ in rows):
            lines += ["| part | what | `pulumi up` |", "|---|---|---|"]
            lines += [f"| {part} | {_cell(sentence)} | {_cell(repair)} |" for part, sentence, repair in rows]
        else:
            lines += [f"- {_cell(sentence)}" for _, sentence, _ in rows]
    if report.not_repaired:
        lines += ["", f"Not repaired: {_cell(report.not_repaired)}."]
    if following(report):
        lines += ["", f"Next: `{following(report)}`."]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text of others inside a table: it must neither end the cell nor call anybody."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("@", "@\u200b")
