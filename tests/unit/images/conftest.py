"""The program is built once, and each test has a Redis of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.images import golang
from sandbox.settings import load

from .rig import REDIS, World, running_world


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if REDIS is None:
        pytest.skip("no redis-server on this machine; `make setup` installs it")
    into = tmp_path_factory.mktemp("service")
    golang.ours(load(), "mech-service", into)
    return into / "mech-service"


@pytest.fixture
def world(program: Path, tmp_path: Path) -> Iterator[World]:
    with running_world(program, tmp_path) as made:
        yield made
