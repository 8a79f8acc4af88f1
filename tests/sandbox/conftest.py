"""`platform`: a running platform that modules share and leave as they found it. `bare`: the sandbox before its first up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .shared import Shared
from .stack import Stack


@pytest.fixture(scope="package")
def shared() -> Iterator[Shared]:
    shared = Shared()
    yield shared
    shared.close()


@pytest.fixture(scope="module")
def platform(shared: Shared) -> Stack:
    return shared.platform()


@pytest.fixture(scope="module")
def bare(shared: Shared) -> Stack:
    return shared.bare()


def _turn(item: pytest.Item) -> int:
    """Who has a sandbox of its own comes first, while no other host works; then who needs it bare; last who breaks it."""
    used = getattr(item, "fixturenames", ())
    if "platform" in used:
        return 3 if item.get_closest_marker("leaves_changed") else 2
    return 1 if "bare" in used else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    turns = {path: max(_turn(item) for item in here if item.path == path) for path in {item.path for item in here}}
    items[:] = sorted(here, key=lambda item: turns[item.path]) + [item for item in items if item not in here]
