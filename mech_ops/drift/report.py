"""What drifted, what is declared and not applied yet, what is not ours and what is not well: a preview, judged."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mech_ops.drift import ranges
from mech_ops.drift.events import Json, Preview, Step
from mech_ops.drift.values import NONE, NOT_THERE, TRIGGERS, at, foretold, root, shown, unknown, whole
from mech_ops.drift.words import part, subject
from mech_ops.errors import FOUND, OK

_STATES = ("pulumi-python:dynamic/mech:HostState", "pulumi-python:dynamic/mech:CloudState")
SENSORS = (*_STATES, "pulumi-python:dynamic/mech:CloudWatch")
_TOLD = ("not ours: ", "not well: ")
_COMMANDS = ("command:remote:Command", "command:local:Command")
_OURS = ("pulumi:pulumi:", "pulumi:providers:")
_WILL = {"update": "updates it in place", "replace": "replaces it", "create": "creates it", "delete": "deletes it",
         "import": "adopts it"}  # fmt: skip
_RESERVED = "vultr:index/reservedIp:ReservedIp"
_STARTS = "`mech recover` starts it"
# What a sensor puts into triggers, or into an environment (HostState.repair, CloudState.repair).
_REPAIR = re.compile(r"repair \d+")


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
        return f"{self.subject}{':' if self.there == NONE else ' is'} {self.there}, declared {self.declared}"


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
    down: list[str] = field(default_factory=list)  # services that visitors do not get
    visitors_unasked: str = ""  # why nobody could be asked
    repaired: list[Item] = field(default_factory=list)  # by `mech drift --repair`
    not_repaired: str = ""  # why not, when it was asked for

    @property
    def exit_code(self) -> int:
        """2 unless everything is as declared and visitors get every service; what is not ours, or not well, is only told."""
        return FOUND if self.drift or self.unapplied or self.not_looked_at or self.down else OK

    def data(self) -> dict[str, Any]:
        return {"exit_code": self.exit_code, **asdict(self)}


def silences(preview: Preview) -> list[str]:
    """Which hosts and clouds did not answer the sensors, and a Docker that does not answer anybody."""
    found = [text for step in _sensors(preview) for text in (_outputs(step).get("silent"), *_told(step)) if text]
    return [_with_name(text, preview) for text in dict.fromkeys(found) if not text.startswith(_TOLD)]


def judge(preview: Preview) -> Report:
    report = Report(stack=next((urn.split(":")[2] for urn in preview.refreshed), ""))
    steps = {urn: step for urn, step in preview.plan.items() if not step.type.startswith(_OURS)}
    after = {urn: step for urn, step in steps.items() if _follows(step, preview)}
    sensed = {step.urn: _outputs(step).get("drift") or {} for step in _sensors(preview)}
    moved = frozenset[str]().union(*map(ranges.moved, sensed.values()))
    listed = {urn: step for urn, step in steps.items() if ranges.follows(step, moved, steps)}
    for urn, drift in sensed.items():
        for label, word in drift.items():
            repair = _repair(urn, preview, after) or _repairs(listed, ranges.moved({label: word}))
            report.drift.append(Item(_title(preview.refreshed[urn]), label, word["there"], word["declared"], repair))
    for urn, found in preview.refreshed.items():
        if found.type not in SENSORS and not found.type.startswith(_OURS):
            report.drift += _drifted(found, steps.get(urn), bool(preview.errors))
    for urn, step in steps.items():
        if urn not in after and urn not in listed and not (sensed.get(urn) and step.op == "update"):
            report.unapplied += _unapplied(step, preview)
    # The commands that a drift already names are not told twice.
    named = {name for item in report.drift for name in item.repair.replace(",", "").split()}
    report.not_looked_at = silences(preview)
    report.follows = [
        f"{subject(step)}: {_verb(step)}"
        for step in after.values()
        if step.name not in named and step.type not in _STATES
    ]
    told = list(dict.fromkeys(text for step in _sensors(preview) for text in _told(step)))
    report.not_ours = [text.removeprefix("not ours: ") for text in told if text.startswith("not ours: ")]
    report.not_well = [text.removeprefix("not well: ") for text in told if text.startswith("not well: ")]
    return report


def _with_name(text: str, preview: Preview) -> str:
    """Of a fleet a host is told by its name, too."""
    reserved = [step.old or step.new or {} for step in preview.refreshed.values() if step.type == _RESERVED]
    names = {(one.get("outputs") or {}).get("subnet"): (one.get("inputs") or {}).get("label") for one in reserved}
    found = re.match(r"host (\S+) ", text) if len(names) > 1 else None
    name = names.get(found[1]) if found else None
    return f"host {name} ({found[1]}) {text[found.end() :]}" if found and name else text


def _sensors(preview: Preview) -> list[Step]:
    return [step for step in preview.refreshed.values() if step.type in SENSORS and step.new]


def _outputs(step: Step) -> Json:
    found: Json = (step.new or {}).get("outputs") or {}
    return found


def _told(step: Step) -> list[str]:
    return list(_outputs(step).get("told") or [])


def _title(step: Step) -> str:
    return str(((step.new or step.old or {}).get("inputs") or {}).get("title", ""))


def _verb(step: Step) -> str:
    if step.type in _COMMANDS and step.op in ("replace", "update"):
        return "runs again"
    return _WILL[step.op]


def _inputs(step: Step) -> Json:
    found: Json = (step.new or {}).get("inputs") or {}
    return found


def _old(step: Step) -> Json:
    found: Json = (step.old or {}).get("inputs") or {}
    return found


def _follows(step: Step, preview: Preview) -> bool:
    """Whether the step is there only since others are: all that changes in it is not known before they are done."""
    found = preview.refreshed.get(step.urn)
    if step.type in _STATES:
        # What is looked at on a host that is to be made anew: its key, or its id at Vultr, is another one then.
        return step.op == "update" and _old(step) != _inputs(step) and foretold(_old(step), _inputs(step))
    if step.op not in ("replace", "update") or (found and (found.paths or not found.new)):
        return False
    return all(_derived(step, path, preview) for path in _changed(step))


def _changed(step: Step) -> list[str]:
    """The paths that differ; of a list of triggers of which the plugin says no more, those in it that do."""
    found: list[str] = []
    for path in step.paths:
        was, now = at(_old(step), path), at(_inputs(step), path)
        if path in TRIGGERS and isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
            found += [f"{path}[{i}]" for i in range(len(was)) if was[i] != now[i]] or [path]
        else:
            found.append(path)
    return found


def _derived(step: Step, path: str, preview: Preview) -> bool:
    """Whether the change at this path comes from other steps: not known yet, or a trigger that moves with them."""
    was, now = at(_old(step), path), at(_inputs(step), path)
    if unknown(now):
        return True
    # How a host is reached whose key is not known yet: of such a list the plan says nothing.
    if path == "interpreter" and now is None and unknown(_inputs(step)):
        return True
    if not isinstance(was, str) or not isinstance(now, str):
        return False
    if _REPAIR.fullmatch(was) and _REPAIR.fullmatch(now):
        return True
    # An id of a command is foretold by its plugin, and is another one in every preview.
    return root(path) in TRIGGERS and preview.renamed.get(now) == was


def _repair(sensor: str, preview: Preview, after: dict[str, Step]) -> str:
    """The commands that this sensor sets off: they stand beside it."""
    parent = preview.refreshed[sensor].parent
    names = sorted(s.name for s in after.values() if s.parent == parent and s.type in _COMMANDS)
    return f"runs {', '.join(names)} again" if names else ""


def _repairs(listed: dict[str, Step], moved: Collection[str]) -> str:
    """What follows from ranges that Cloudflare has or gave up, for each of which there is a rule at Vultr and on the host."""
    names = sorted(step.name for step in listed.values() if step.type in _COMMANDS)
    return f"changes their rules at Vultr, runs {', '.join(names)} again" if moved and names else ""


def _drifted(found: Step, step: Step | None, broken: bool) -> list[Item]:
    """Drift of what a provider reads back: the paths of the refresh that the plan is about to change back."""
    if found.new is None:
        return (
            [Item(part(found), subject(found), "gone", "there", _verb(step) if step else "")] if step or broken else []
        )
    if step is None and not broken:
        return _power(found)  # what is there is what is declared by now
    outputs = (found.new or {}).get("outputs") or {}
    declared = _inputs(step) if step else _old(found)
    paths = [
        path for path in found.paths
        if (not (step and step.paths) or _same_root(path, step.paths)) and _known(path, declared, found)
    ]  # fmt: skip
    return _power(found) + _differences(found, paths, (_inputs(found), outputs), declared, _old(found), step)


def _differences(
    about: Step, paths: Sequence[str], theres: Sequence[Json], declared: Json, before: Json, step: Step | None
) -> list[Item]:
    """A line a path, a list as a whole. `theres`: what is there, as inputs, and where these tell nothing as outputs."""
    items: dict[str, Item] = {}
    for path in paths:
        near = [properties.get(root(path)) for properties in (*theres, declared, before)]
        told = [
            (where, shown(where, at(there, where), *near), shown(where, at(declared, where), *near))
            for where in dict.fromkeys((whole(path), path))
            for there in [known for known in theres if root(path) in known] or theres[:1]
        ]
        where, is_, wanted = next((one for one in told if one[1] != one[2]), told[0])
        items[where] = Item(part(about), f"{subject(about)}: {where}", is_, wanted, _verb(step) if step else "")
    return list(items.values())


def _known(path: str, declared: Json, *steps: Step | None) -> bool:
    """Whether the program says or said something there; the plugin's own affairs are nobody's drift."""
    sides = [declared, *(inputs for step in steps if step for inputs in (_inputs(step), _old(step)))]
    return any(root(path) in side for side in sides)


def _same_root(path: str, others: Sequence[str]) -> bool:
    return root(path) in {root(other) for other in others}


def _power(found: Step) -> list[Item]:
    """A halted instance: no input says so, and no update starts it."""
    now = (found.new or {}).get("outputs") or {}
    power = now.get("powerStatus") if found.type == "vultr:index/instance:Instance" else None
    if power in (None, "running", ""):
        return []
    return [Item("vultr", f"{subject(found)}: powerStatus", str(power), "running", _STARTS)]


def _unapplied(step: Step, preview: Preview) -> list[Item]:
    """What the program says and the last `up` did not know yet."""
    found = preview.refreshed.get(step.urn)
    if step.op in ("create", "delete", "import"):
        if found is not None and found.new is None:
            return []  # gone: told as drift
        word, declared = (NOT_THERE, "there") if step.op != "delete" else ("there", "no longer")
        return [Item(part(step), subject(step), word, declared, _verb(step))]
    if step.type in _STATES:
        return [Item(_title(step), _sensor_change(step), "", "", _verb(step))]
    drifted = found.paths if found else ()
    if not step.paths and not drifted:
        return [Item(part(step), subject(step), "", "", _verb(step))]
    # Diffs are against what was found, so a path that did not drift is one that the program changed.
    changed = [path for path in _changed(step) if not _derived(step, path, preview)]
    known = [path for path in changed if _known(path, _inputs(step), step, found)]
    own = [path for path in known if not _same_root(path, drifted)]
    return _differences(step, own, [_old(step)], _inputs(step), {}, step) + [
        Item(part(step), f"{subject(step)}: the program does not declare {path}, the plugin works it out anew", "", "",
             _verb(step)) for path in changed if path not in known
    ]  # fmt: skip


def _sensor_change(step: Step) -> str:
    """What is newly looked at on the host, or no longer."""
    old = _old(step).get("state") or {}
    new = _inputs(step).get("state") or {}
    words = [f"{label}: {new[label]}" for label in new if old.get(label) != new[label]]
    words += [f"{label}: no longer declared" for label in old if label not in new]
    return "; ".join(words) or "the text of a file, or how the host is reached, is declared anew"
