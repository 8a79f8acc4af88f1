"""The archive's first page, as Markdown and as HTML that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mech_ops.diagnosis import report
from mech_ops.incident.escalation import ROLES, Escalation
from mech_ops.incident.gathering import Gathered, Item


@dataclass(frozen=True)
class Page:
    """What both say: a title, lines of (name, value), sections of sentences, and the files."""

    title: str
    about: list[tuple[str, str]]
    sections: list[tuple[str, list[str]]]
    files: Sequence[Item]


def page(found: Gathered, escalation: Escalation, files: Sequence[Item], made: str) -> Page:
    """`files` under the names that they have in the archive; `made` is when, UTC."""
    diagnosis = found.diagnosis
    look = diagnosis.look
    called = ", ".join(ROLES[role] for role in escalation.call) or "nobody: no rule of the guide applies"
    causes = [f"{named.code} ({named.severity}): {named.sentence}. Fix: {named.fix}" for named in diagnosis.named] or [
        "none was found"
    ]
    sections = [
        ("Causes, the likeliest first", causes),
        ("Why it is escalated", [f"{one.rule}: {why}" for one in escalation.reasons for why in one.why]),
        ("Suspicious, for a person to judge", list(escalation.suspicious)),
        ("Missing", found.missing or ["nothing"]),
    ]
    return Page(
        report.headline(diagnosis),
        [
            ("Stack", look.declared["stack"]),
            *_hosts(look.declared),
            ("Looked at", f"{look.bundle.taken} (UTC)"),
            ("Packed", f"{made} (UTC)"),
            ("To be called", called),
        ],
        [section for section in sections if section[1]],
        files,
    )


def _hosts(declared: dict[str, Any]) -> list[tuple[str, str]]:
    members = declared.get("hosts") or {}
    if not members:
        return [("Host", str(declared["address"] or "unknown"))]
    return [("Hosts", ", ".join(f"{name} {about['address']}" for name, about in members.items()))]


def markdown(page: Page) -> bytes:
    lines = [f"# {_cell(page.title)}", "", *(f"- {name}: {_cell(value)}" for name, value in page.about)]
    for title, sentences in page.sections:
        lines += ["", f"## {title}", "", *(f"- {_cell(sentence)}" for sentence in sentences)]
    lines += ["", "## Files", "", "| file | what | bytes | remark |", "|---|---|---:|---|"]
    for item in page.files:
        link = f"[{_cell(item.name)}]({quote(item.name)})"
        lines.append(f"| {link} | {_cell(item.what)} | {len(item.data):,} | {_cell(item.remark)} |")
    return "\n".join([*lines, ""]).encode()


def as_html(page: Page) -> bytes:
    """Whatever a host said stays text: it is escaped."""
    about = "".join(f"<dt>{_safe(name)}</dt><dd>{_safe(value)}</dd>" for name, value in page.about)
    sections = "".join(
        f"<h2>{_safe(title)}</h2><ul>{''.join(f'<li>{_safe(one)}</li>' for one in sentences)}</ul>"
        for title, sentences in page.sections
    )
    rows = "".join(
        f'<tr><td><a href="{_safe(quote(item.name))}">{_safe(item.name)}</a></td><td>{_safe(item.what)}</td>'
        f"<td class=n>{len(item.data):,}</td><td>{_safe(item.remark)}</td></tr>"
        for item in page.files
    )
    head = "<tr><th>file</th><th>what</th><th>bytes</th><th>remark</th></tr>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{_safe(page.title)}</title><style>{_STYLE}</style><h1>{_safe(page.title)}</h1><dl>{about}</dl>"
        f"{sections}<h2>Files</h2><div><table>{head}{rows}</table></div></html>\n"
    ).encode()


_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:1rem auto;max-width:64rem;padding:0 1rem}"
    "h1{font-size:1.3rem}h2{font-size:1.1rem}dt{font-weight:600}li,dd,td{overflow-wrap:anywhere}div{overflow-x:auto}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}.n{text-align:right}"
)


def _safe(text: str) -> str:
    return html.escape(text)


def _cell(text: str) -> str:
    """Text of others: it must neither end the cell nor become a tag."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
