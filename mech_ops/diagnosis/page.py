"""A diagnosis as one page that needs nothing else: for a phone at night, a chat, a pull request."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import pathlib
import re
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mech_ops.diagnosis import path, report
from mech_ops.diagnosis.causes.model import LAYERS
from mech_ops.diagnosis.look import Answer
from mech_ops.diagnosis.path import Mark, Path
from mech_ops.diagnosis.ranking import Diagnosis, Named
from mech_ops.diagnosis.steps import Step, steps
from mech_ops.errors import OpsError

_TEMPLATES = pathlib.Path(__file__).with_name("templates")
# What a reader would not see or that would turn a line round, and what cannot be written as UTF-8.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_STATES: dict[str, Mark] = {"ok": "ok", "degraded": "warning", "down": "broken", "unknown": "unknown"}
_VIEWS = {"edge": "by the edge", "nginx": "at nginx", "container": "at its container"}


@dataclass(frozen=True)
class Source:
    name: str
    seconds: float | None
    silent: str  # why it said nothing


def page(found: Diagnosis) -> str:
    """HTML. Whatever a host said stays text: it is escaped, and the page runs no script and loads nothing but its own."""
    way = path.path(found)
    shown = [named for named in found.named if not _aside(named, found)]
    return rendered(
        "page.html.j2", _TEMPLATES, views=_VIEWS, steps=_steps, took=_took, page_of=_page_of, mark_of=_STATES.__getitem__,
        stack=found.look.declared["stack"], address=found.look.declared["address"] or "",
        headline=report.headline(found), mark=_mark(found, way), taken=time(found.look.bundle.taken),
        path=way, causes=shown, aside=[named for named in found.named if named not in shown],
        services=sorted(found.look.views.values(), key=lambda view: (not view.failing, view.name)),
        urls={name: _link(about["url"]) for name, about in found.look.services.items()},
        said=_said(found), skipped=found.skipped, sources=_sources(found), looked_for=found.looked_for, layers=LAYERS,
        muted=found.muted,
    )  # fmt: skip


def keep(at: pathlib.Path, html: str) -> None:
    """Raises OpsError where it cannot be written."""
    try:
        at.write_text(html, encoding="utf-8")
    except OSError as error:
        raise OpsError(f"the page cannot be written to {at}: {error.strerror}") from None


def rendered(name: str, folder: pathlib.Path, **given: Any) -> str:
    """A template of `folder` that may extend base.html.j2, with its one style and script, and all that is said escaped."""
    made = Environment(
        loader=FileSystemLoader([folder, _TEMPLATES]), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=visible,
    )  # fmt: skip
    style, script = (Markup((_TEMPLATES / name).read_text()) for name in ("page.css", "page.js"))  # noqa: S704
    return made.get_template(name).render(
        style=style, script=script, style_hash=_hash(style), script_hash=_hash(script), **given
    )


def visible(value: Any) -> Any:
    """A stranger's text without what turns a line round or moves a cursor; what is HTML already stays."""
    return value if isinstance(value, Markup) else _UNSEEN.sub("\ufffd", str(value))


def _aside(named: Named, found: Diagnosis) -> bool:
    """What nobody has to do anything about now: a consequence of another cause, a notice, or what is muted."""
    return bool(named.after) or named.severity == "notice" or found.quiet(named)


def _mark(found: Diagnosis, way: Path) -> Mark:
    severities = {named.severity for named in found.named if not found.quiet(named)}
    if any(found.failing[name] == "down" for name in found.alarming) or severities & {"outage", "data"}:
        return "broken"
    if found.alarming or severities - {"notice"}:
        return "warning"
    return "ok" if way.whole else "unknown"


def _steps(named: Named) -> list[Step]:
    return steps(named.fix, named.cause.fix)


def _said(found: Diagnosis) -> dict[tuple[str, str], list[str]]:
    """By (where, what was said there): the services of which it was said."""
    said: dict[tuple[str, str], list[str]] = {}
    for view in found.look.views.values():
        for at, words in _VIEWS.items():
            answer: Answer = getattr(view, at)
            if answer.says:
                code = f" {answer.code}" if answer.code else ""
                said.setdefault((words + code, answer.says), []).append(view.name)
    return said


def _took(ms: int) -> str:
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def _page_of(named: Named) -> str:
    return f"docs/causes.md#{named.code.lower()}"


def _sources(found: Diagnosis) -> list[Source]:
    about = found.look.bundle
    names = [*about.seconds, *(name for name in (*about.facts, *about.silent) if name not in about.seconds)]
    return [Source(name, about.seconds.get(name), about.silent.get(name, "")) for name in dict.fromkeys(names)]


def time(text: str) -> dict[str, str]:
    """ISO 8601 as a template has it: for programs and in words; what is none stays as it is, and no program reads it."""
    try:
        at = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except ValueError:  # somebody wrote the bundle by hand
        return {"iso": "", "words": text}
    return {"iso": at.isoformat(timespec="seconds"), "words": f"{at:%d %b %Y, %H:%M:%S} UTC"}


def _link(url: str) -> str:
    """Where its health is looked at once more; nothing but the web's own scheme may be followed."""
    return f"{url}/health" if url.startswith("https://") else ""


def _hash(text: str) -> str:
    """As Content-Security-Policy names what may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
