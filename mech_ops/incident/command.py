"""`mech incident`, put together: gather, clean, pack, look through what was packed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from mech_ops.diagnosis import report
from mech_ops.incident import archive, escalation, gathering, index
from mech_ops.incident.gathering import Gathered, Item
from mech_ops.redaction import redacted


@dataclass(frozen=True)
class Written:
    path: Path
    files: int
    headline: str
    call: tuple[str, ...]  # keys of escalation.ROLES
    missing: list[str]


def write(stack: str | None, out: Path | None, given: Path | None, with_drift: bool, console: Console) -> Written:
    """Raises OpsError where nothing was written."""
    at = gathering.now()
    folder = f"mech-incident-{at:%Y%m%dT%H%M%SZ}"
    target = out or Path(f"{folder}.tar.gz")
    with archive.place(target) as part:
        found = gathering.gather_all(stack, given, with_drift, report.heard(console))
        judged = escalation.judge(found.diagnosis)
        items = packed(found, judged, target.name, at.isoformat())
        archive.write(part, folder, items, at.timestamp())
        archive.keep(part, target, found.secrets)
    missing = redacted(found.missing, found.secrets)
    return Written(target, len(items), report.headline(found.diagnosis), judged.call, missing)


def packed(found: Gathered, judged: escalation.Escalation, archive_name: str, made: str) -> list[Item]:
    """What goes into the archive, clean; the index first, since it names the others as they are called there."""
    message = escalation.text(found.diagnosis, judged, found.contacts, archive_name, found.missing)
    sent = Item("escalation.txt", "whom to call and why, ready to be sent", message.encode())
    files = archive.clean([sent, *found.items], found.secrets)
    first = index.page(found, judged, files, made)
    pages = [
        Item("index.html", "this page", index.as_html(first)),
        Item("index.md", "the same as Markdown", index.markdown(first)),
    ]
    return [*archive.clean(pages, found.secrets), *files]
