"""A `Diff` as the protocol's answer."""

from __future__ import annotations

from typing import Any

from sandbox.providers.contract import Diff, top
from sandbox.providers.stubs import provider_pb2


def _ignored(path: str, patterns: list[str]) -> bool:
    return any(path == item or path.startswith((item + ".", item + "[")) for item in patterns)


def fold(diff: Diff, hidden: set[str]) -> Diff:
    """Paths inside a property that is secret as a whole become that property: the display must not look inside."""
    for path in [path for path in diff.detailed if top(path) in hidden and path != top(path)]:
        del diff.detailed[path]
        diff.detailed[top(path)] = "update"
        if path in diff.replaces:
            diff.replaces = sorted({top(path), *diff.replaces} - {path})
    return diff


def as_bridge(answer: Any) -> Any:
    """A difference of configuration as the bridge tells it: by whole properties, and no difference not at all."""
    kept = provider_pb2.DiffResponse(replaces=answer.replaces, diffs=answer.diffs)
    if answer.diffs:
        kept.changes = answer.changes
    for name in answer.diffs:
        kinds = [part.kind for path, part in answer.detailedDiff.items() if top(path) == name]
        kept.detailedDiff[name].kind = kinds[0] if name in answer.detailedDiff else kept.detailedDiff[name].UPDATE
        kept.detailedDiff[name].inputDiff = True
    return kept


def diff_response(diff: Diff, ignore: list[str]) -> Any:
    detailed = {path: kind for path, kind in diff.detailed.items() if not _ignored(path, ignore)}
    replaces = [path for path in diff.replaces if path in detailed or path not in diff.detailed]
    changed = diff.has_changes and (bool(detailed) or not diff.detailed)
    # What is ignored does not change, so it is stable again.
    spared = {top(path) for path in diff.detailed if path not in detailed and path in diff.replaces} - set(
        map(top, detailed)
    )
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=sorted(top(path) for path in replaces) if changed else [],
        diffs=sorted({top(path) for path in detailed}),
        stables=sorted({*diff.stables, *spared}) if diff.stables else [],
        deleteBeforeReplace=diff.delete_before_replace and bool(replaces),
        hasDetailedDiff=True,
    )
    for path, kind in detailed.items():
        name = kind.upper() + ("_REPLACE" if path in replaces else "")
        response.detailedDiff[path].kind = provider_pb2.PropertyDiff.Kind.Value(name)
    return response
