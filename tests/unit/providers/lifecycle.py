"""What the engine does with a resource of a provider, in one call each."""

from __future__ import annotations

from typing import Any

from sandbox.providers.harness import Engine


def made(engine: Engine, token: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Checked and created: (id, state, checked inputs)."""
    checked, failures = engine.check(token, inputs)
    assert not failures
    id, state = engine.create(token, checked)
    return id, state, checked


def changes(engine: Engine, token: str, olds: Any, news: Any, state: Any) -> tuple[dict[str, str], list[str]]:
    """Checked and compared: ({path: kind}, paths that need a replacement)."""
    checked, failures = engine.check(token, news, olds)
    assert not failures
    answer = engine.diff(token, olds, checked, state)
    kinds = {path: answer.detailedDiff[path].Kind.Name(diff.kind) for path, diff in answer.detailedDiff.items()}
    assert bool(kinds) == (answer.changes == answer.DIFF_SOME)
    return kinds, list(answer.replaces)
