"""What drifted, what is declared and not applied yet, what is not ours and what is not well: a preview, judged."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from mech_ops.drift.events import Json, Preview, Step
from mech_ops.drift.words import NOT_THERE, UNKNOWN, at, part, shown, subject
from mech_ops.errors import FOUND, OK

_SENSOR = "pulumi-python:dynamic/mech:HostState"
_COMMANDS = ("command:remote:Command", "command:local:Command")
_OURS = ("pulumi:pulumi:", "pulumi:providers:")
_DRIFT = re.compile(r"^drift: ([^:]+): (.+): (.+) \(declared: (.+)\)$")
_SILENT = re.compile(r"^(.+?) does not answer\b.*(?:was not looked at|preview of its containers fails)")
_WILL = {"update": "updates it in place", "replace": "replaces it", "create": "creates it", "delete": "deletes it",
         "import": "adopts it"}  # fmt: skip
_STARTS = "`mech recover` starts it"


@dataclass(frozen=True)
class Item:
    """One difference. `repair` is what `pulumi up` does about it."""

    part: str
    subject: str
    there: str
    declared: str
    repair: str

    @property
    def sentence(self) -> str:
        if self.there == "gone":
            return f"{self.subject}: gone"
        if self.there == self.declared:  # two secrets, or nothing to compare
            return f"{self.subject} differs {self.declared}" if self.declared else self.subject
        return f"{self.subject} is {self.there}, declared {self.declared}"


@dataclass
class Report:
    """Everything that a check found; lists are empty when there is nothing to say."""

    stack: str = ""
    drift: list[Item] = field(default_factory=list)
    unapplied: list[Item] = field(default_factory=list)
    not_ours: list[str] = field(default_factory=list)
    not_well: list[str] = field(default_factory=list)
    not_looked_at: list[str] = field(default_factory=list)
    follows: list[str] = field(default_factory=list)  # steps of `up` that only follow from the others
    repaired: list[Item] = field(default_factory=list)  # by `mech drift --repair`
    not_repaired: str = ""  # why not, when it was asked for

    @property
    def exit_code(self) -> int:
        """2 unless everything is as declared. What is not ours, or ours and not well, is told and is no drift."""
        return FOUND if self.drift or self.unapplied or self.not_looked_at else OK

    def data(self) -> dict[str, Any]:
        return {"exit_code": self.exit_code, **asdict(self)}


def silences(preview: Preview) -> list[str]:
    """What the sensors said about hosts, Docker and clouds that do not answer."""
    return [text for text in preview.warnings if _SILENT.match(text)]


def judge(preview: Preview) -> Report:
    report = Report(stack=next((urn.split(":")[2] for urn in preview.refreshed), ""))
    steps = {urn: step for urn, step in preview.plan.items() if not step.type.startswith(_OURS)}
    after = {urn: step for urn, step in steps.items() if _follows(step, preview)}
    sensed = [match.groups() for text in preview.warnings if (match := _DRIFT.match(text))]
    for title, label, there, declared in sensed:
        report.drift.append(Item(title, label, there, declared, _repair(title, preview, after)))
    for urn, found in preview.refreshed.items():
        if found.type != _SENSOR and not found.type.startswith(_OURS):
            report.drift += _drifted(found, steps.get(urn), bool(preview.errors))
    titles = {title for title, *_ in sensed}
    for urn, step in steps.items():
        if urn not in after and not (step.type == _SENSOR and _title(step) in titles):
            report.unapplied += _unapplied(step, preview.refreshed.get(urn))
    # The commands that a drift already names are not told twice.
    told = {name for item in report.drift for name in item.repair.replace(",", "").split()}
    report.not_looked_at = silences(preview)
    report.follows = [f"{subject(step)}: {_verb(step)}" for step in after.values() if step.name not in told]
    for text in preview.warnings:
        if text.startswith("not ours: "):
            report.not_ours.append(text.removeprefix("not ours: "))
        elif text.startswith("not well: "):
            report.not_well.append(text.removeprefix("not well: "))
        elif text.startswith("drift: ") and not _DRIFT.match(text):
            report.drift.append(Item("host", text.removeprefix("drift: "), "", "", ""))
    return report


def _title(step: Step) -> str:
    return str(((step.new or step.old or {}).get("inputs") or {}).get("title", ""))


def _verb(step: Step) -> str:
    if step.type in _COMMANDS and step.op in ("replace", "update"):
        return "runs again"
    return _WILL[step.op]


def _inputs(step: Step) -> Json:
    found: Json = (step.new or {}).get("inputs") or {}
    return found


def _there(step: Step) -> Json:
    about = step.new or {}
    return {**(about.get("inputs") or {}), **(about.get("outputs") or {})}


def _unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_unknown(item) for item in value.values())
    return any(_unknown(item) for item in value) if isinstance(value, list) else value == UNKNOWN


def _follows(step: Step, preview: Preview) -> bool:
    """Whether the step is there only since others are: all that changes in it is not known before they are done."""
    found = preview.refreshed.get(step.urn)
    if step.type == _SENSOR or step.op not in ("replace", "update") or (found and (found.paths or not found.new)):
        return False
    return all(_unknown(at(_inputs(step), path)) for path in step.paths)


def _repair(title: str, preview: Preview, after: dict[str, Step]) -> str:
    """The commands that the sensor of this title sets off: they stand beside it."""
    parents = {s.parent for s in preview.plan.values() if s.type == _SENSOR and _title(s) == title}
    names = sorted(s.name for s in after.values() if s.parent in parents and s.type in _COMMANDS)
    return f"runs {', '.join(names)} again" if names else ""


def _drifted(found: Step, step: Step | None, broken: bool) -> list[Item]:
    """Drift of what a provider reads back: the paths of the refresh that the plan is about to change back."""
    if found.new is None:
        return (
            [Item(part(found), subject(found), "gone", "there", _verb(step) if step else "")] if step or broken else []
        )
    items = _power(found)
    old = (found.old or {}).get("inputs") or {}
    now = _there(found)
    for path in found.paths:
        if step is None and not broken:
            continue  # what is there is what is declared by now
        wanted = _inputs(step) if step else old
        if step and step.op == "update" and step.paths and not _same_root(path, step.paths):
            continue
        there, declared = at(now, path), at(wanted, path)
        root = re.split(r"[.\[]", path)[0]
        secrets = (old.get(root), wanted.get(root), now.get(root))
        items.append(Item(part(found), f"{subject(found)}: {path}", shown(path, there, *secrets),
                          shown(path, declared, *secrets), _verb(step) if step else ""))  # fmt: skip
    return items


def _same_root(path: str, others: tuple[str, ...]) -> bool:
    return any(re.split(r"[.\[]", path)[0] == re.split(r"[.\[]", other)[0] for other in others)


def _power(found: Step) -> list[Item]:
    """A halted instance: no input says so, and no update starts it."""
    now = (found.new or {}).get("outputs") or {}
    power = now.get("powerStatus") if found.type == "vultr:index/instance:Instance" else None
    if power in (None, "running", ""):
        return []
    return [Item("vultr", f"{subject(found)}: powerStatus", str(power), "running", _STARTS)]


def _unapplied(step: Step, found: Step | None) -> list[Item]:
    """What the program says and the last `up` did not know yet."""
    if step.op in ("create", "delete", "import"):
        if found is not None and found.new is None:
            return []  # gone: told as drift
        word, declared = (NOT_THERE, "there") if step.op != "delete" else ("there", "no longer")
        return [Item(part(step), subject(step), word, declared, _verb(step))]
    drifted = found.paths if found else ()
    if step.type == _SENSOR:
        return [Item(_title(step), _sensor_change(step), "", "", _verb(step))]
    # Diffs are against what was found, so a path that did not drift is one that the program changed.
    paths = [path for path in step.paths if not _same_root(path, drifted) and not _unknown(at(_inputs(step), path))]
    old = ((step.old or {}).get("inputs")) or {}
    items = []
    for path in paths:
        root = re.split(r"[.\[]", path)[0]
        secrets = (old.get(root), _inputs(step).get(root))
        items.append(Item(part(step), f"{subject(step)}: {path}", shown(path, at(old, path), *secrets),
                          shown(path, at(_inputs(step), path), *secrets), _verb(step)))  # fmt: skip
    if not items and not step.paths and not drifted:
        items.append(Item(part(step), subject(step), "", "", _verb(step)))
    return items


def _sensor_change(step: Step) -> str:
    """What is newly looked at on the host, or no longer."""
    old = ((step.old or {}).get("inputs") or {}).get("state") or {}
    new = _inputs(step).get("state") or {}
    words = [f"{label}: {new[label]}" for label in new if old.get(label) != new[label]]
    words += [f"{label}: no longer declared" for label in old if label not in new]
    return "; ".join(words) or "the text of a file, or how the host is reached, is declared anew"
