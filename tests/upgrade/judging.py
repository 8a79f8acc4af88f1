"""What a plan does to what a release left, for a reviewer: the resource, the property, what it costs.

The program's own guard (mech_infra.guard) judges first, since it runs in every plan, and says which resources keep data. What
it lets a person do is not for a release to do: this judges an upgrade, in which nobody changed the config.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mech_infra.commands.containers import REPLICA, SERVICE
from mech_infra.guard import judging
from mech_infra.guard.judging import CONTAINER, INSTANCE, KINDS, OUTAGE_S
from mech_ops.drift.events import Step
from mech_ops.drift.values import at, shown
from tests.upgrade.upgrading import Plan

Json = Mapping[str, Any]

# What only stands for others, which are judged themselves.
_INNER = ("pulumi:pulumi:", "pulumi:providers:", "mech:platform:")
_BLOCK = "vultr:index/blockStorage:BlockStorage"
# What a change in place costs; of other properties of what is kept: that it is changed, unasked.
_IN_PLACE = {
    (
        _BLOCK,
        "label",
    ): "by its label a stack finds the volume that an earlier one left, and would begin with an empty one",
    (INSTANCE, "plan"): "Vultr restarts it",
}
_ANEW = {
    CONTAINER: "an outage: it is removed before the new one is made, where a version of its own would come up beside it "
    "(_SHAPE in components/service.py)",
    "docker:index/network:Network": "no container reaches another one meanwhile",
    "docker:index/remoteImage:RemoteImage": "who runs it is made anew",
    "cloudflare:index/dnsRecord:DnsRecord": "nobody finds the service meanwhile",
    "command:local:Command": "its `delete` runs first, and undoes what it did",
}
# Of a version, what follows from its being another one.
_OF_VERSION = ("name", "labels", "ports")
_NAMED = 3


@dataclass(frozen=True)
class Finding:
    """`kept`: data, or the address; no release may mean that."""

    resource: str
    why: str
    kept: bool = False

    def __str__(self) -> str:
        return f"{self.resource}: {self.why}"


def judge(plan: Plan, left: Mapping[str, Json]) -> list[Finding]:
    """`left`: the resources of the release's state, by URN."""
    if plan.code:
        # The first one says why; the others, that there was one.
        return [Finding("the plan", next((text for _, text in plan.preview.errors), plan.said), kept=True)]
    steps = [step for step in plan.preview.plan.values() if not step.type.startswith(_INNER)]
    made = {_place(step.new): step for step in steps if step.type == CONTAINER and step.op == "create"}
    steps.sort(key=lambda step: not step.paths)  # what causes it, before what goes with it
    found = [finding for step in steps if step.urn in left for finding in _judged(step, left[step.urn], made)]
    return sorted(found, key=lambda finding: not finding.kept)


def _judged(step: Step, before: Json, made: Mapping[Any, Step]) -> Iterator[Finding]:
    if judging.keeps(step.type, before["outputs"], protect=True):
        yield Finding(step.name, _of_kept(step), kept=True)
    elif step.op == "delete" and step.type == CONTAINER and (after := made.get(_place(before))):
        why = f"the service's containers are made anew, one version beside the other ({_differences(before, after)})"
        yield Finding(step.name, f"{why}, and nothing of it changed in the config")
    elif step.op in ("replace", "delete") and _matters(step.type, before):
        done = "is deleted" if step.op == "delete" else f"is made anew ({_properties(step)})"
        cost = _ANEW.get(step.type, "what stands on it is without it meanwhile")
        yield Finding(step.name, f"{done}: {cost}")


def _of_kept(step: Step) -> str:
    kind = KINDS[step.type]
    if step.op == "update":
        paths = [path for path in step.paths if (step.type, path) in _IN_PLACE]
        costs = [_IN_PLACE[step.type, path] for path in paths] or ["it is changed, and nobody asked for it"]
        return f"{kind.what} is changed in place ({_properties(step)}): {'; '.join(costs)}"
    done = "is deleted" if step.op == "delete" else f"is made anew ({_properties(step)})"
    anew = f"an outage of about {OUTAGE_S} s" if step.type == CONTAINER and step.op == "replace" else kind.loses
    return f"{kind.what} {done}: {anew}"


def _matters(type: str, before: Json) -> bool:
    """Whether it costs something when this goes: a command that runs again finds its work done, a sensor only looks."""
    if type.startswith("command:"):
        return bool(before["inputs"].get("delete"))
    return not type.startswith("pulumi-python:dynamic/")


def _place(resource: Json | None) -> Any:
    """Of which service, and the how manieth, a container is; unique where it is of none."""
    labels = {one["label"]: one["value"] for one in ((resource or {}).get("inputs") or {}).get("labels") or ()}
    return (labels[SERVICE], labels.get(REPLICA)) if SERVICE in labels else id(resource)


def _properties(step: Step) -> str:
    old, new = ((side or {}).get("inputs") or {} for side in (step.old, step.new))
    return _words((path, at(old, path), at(new, path)) for path in step.paths)


def _differences(before: Json, after: Step) -> str:
    old, new = before["inputs"], (after.new or {}).get("inputs") or {}
    keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key) and not key.startswith("__")]
    own = [key for key in keys if key not in _OF_VERSION]
    return _words((key, old.get(key), new.get(key)) for key in own or keys)


def _words(changes: Iterator[tuple[str, Any, Any]]) -> str:
    said = [f"{path}: {shown(path, was, now)} → {shown(path, now, was)}" for path, was, now in changes]
    more = [f"and {len(said) - _NAMED} more"] if len(said) > _NAMED else []
    return "; ".join([*said[:_NAMED], *more]) or "with what it depends on"
