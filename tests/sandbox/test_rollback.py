"""`mech rollback` by the command itself: a version that came, one that was refused; who asks meanwhile sees no failure."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import steps

from .load import Load
from .stack import REPO, STACK, Stack, make, project

BOUND_S = 15  # and a preview
COMMENT = "search: # a person's words\n"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = make("rollback")
    stack.folder = project(tmp_path)
    shutil.copy(REPO / f"Pulumi.{STACK}.yaml", file(stack))
    stack.pulumi("config", "set", "--path", "mech:services.search.memoryMb", "512")
    stack.pulumi("config", "set", "--path", "mech:rollout.watchS", "2")
    file(stack).write_text(file(stack).read_text().replace("search:\n", COMMENT))
    stack.up()
    yield stack
    steps.remove(stack.settings)


def file(stack: Stack) -> Path:
    return stack.folder / f"Pulumi.{STACK}.yaml"


def set_version(stack: Stack, version: str) -> None:
    stack.pulumi("config", "set", "--path", "--type", "string", "mech:services.search.version", version)


def told(stack: Stack) -> list[tuple[str, str, bool]]:
    rows: list[dict[str, Any]] = json.loads(stack.mech("history", "search", "--stack", STACK, "--json").stdout)
    return [(row["version"], row["result"], row["serving"]) for row in rows]


def clean(stack: Stack) -> float:
    """Seconds of a preview that finds nothing to do."""
    begin = time.monotonic()
    stack.pulumi("preview", "--expect-no-changes")
    return time.monotonic() - begin


def test_back_to_the_version_before(stack: Stack) -> None:
    before = file(stack).read_text()
    set_version(stack, "1.0.1")
    stack.up("--skip-preview")

    with Load(stack.settings, services=["search"], rate=10, streams=0, sockets=0, uploads=0) as load:
        begin = time.time()
        done = stack.mech("rollback", "search", "--yes", "--stack", STACK)
    result = load.result()
    served = min(one.at for one in result.requests if one.version == "1.0.0") - begin
    preview = clean(stack)
    print(f"served {served:.1f} s after the command, a preview takes {preview:.1f} s\n{done.stdout}")
    assert served < BOUND_S + preview
    assert not result.failed, result.summary()
    assert "serves version 1 (1.0.0)" in done.stdout
    assert file(stack).read_text() == before
    assert told(stack) == [("1.0.0", "served", True), ("1.0.1", "served", False), ("1.0.0", "served", False)]

    # Refused by the gate: it is the config that goes back, and the host is cleared of it.
    set_version(stack, "broken-exits")
    assert stack.up("--skip-preview", check=False).returncode
    assert told(stack)[:2] == [("broken-exits", "failed", False), ("1.0.0", "served", True)]
    done = stack.mech("rollback", "search", "--yes", "--stack", STACK)
    assert "goes on serving version 3 (1.0.0)" in done.stdout
    assert file(stack).read_text() == before
    clean(stack)
    assert "broken" not in stack.ssh("docker ps -a --format '{{.Image}} {{.Labels}}'")

    done = stack.mech("rollback", "search", "--stack", STACK, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "nothing served before version 3 (1.0.0)" in done.stderr
    assert file(stack).read_text() == before
