"""Files that a program uploads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from policies.model import REMOTE, UNKNOWN, Resource, Stack
from policies.reading.commands import written
from policies.reading.shell import HOLE
from policies.reading.uploads import COPY, COPY_FILE, uploaded


def copy(source: Any, path: str = "/etc/a") -> dict[str, str]:
    return uploaded(Resource(COPY, "c", {"remotePath": path, "source": source}))


@pytest.mark.parametrize("source", [pulumi.StringAsset("x"), {"text": "x"}])
def test_a_text(source: Any) -> None:
    assert copy(source) == {"/etc/a": "x"}


def test_files_and_folders_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "one").write_text("1")
    assert copy(pulumi.FileArchive(str(tmp_path)), "/srv") == {"/srv/d/one": "1"}
    assert copy(pulumi.FileAsset(str(tmp_path / "d" / "one")), "/srv/") == {"/srv/one": "1"}
    assert uploaded(Resource(COPY_FILE, "c", {"remotePath": "/x", "localPath": str(tmp_path / "d" / "one")})) == {
        "/x": "1"
    }
    assert copy(pulumi.AssetArchive({"a/b": pulumi.StringAsset("x")}), "/srv") == {"/srv/a/b": "x"}


@pytest.mark.parametrize(
    "source", [UNKNOWN, pulumi.FileAsset("/nowhere/at/all"), pulumi.RemoteAsset("https://x.example")]
)
def test_what_is_not_known_here_is_a_hole(source: Any) -> None:
    assert copy(source) == {"/etc/a": HOLE}


def test_commands_after_it_find_the_file() -> None:
    stack = Stack([
        Resource(COPY, "c", {"remotePath": "/tmp/a", "source": {"text": "x"}}),
        Resource(REMOTE, "r", {"create": "cp /tmp/a /etc/b"}),
    ])  # fmt: skip
    assert written(stack)["/etc/b"] == "x"
