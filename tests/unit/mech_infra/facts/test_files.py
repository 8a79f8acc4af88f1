from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import pytest

from mech_infra.facts.host import files
from mech_infra.facts.host.files import File

from .conftest import recorded, word

ENV = "/opt/mech-services/mech-llms/.env"
TEXT = "A=1\n"
CHECK = files.file(ENV, TEXT, "600")
RIGHT = {"sha256": files.sha256(TEXT), "mode": "600", "owner": "root"}


@pytest.mark.parametrize(
    ("about", "says"),
    [(RIGHT, "unchanged, 600 root"), ({**RIGHT, "sha256": "0"}, "edited"), ({**RIGHT, "mode": "644"}, "mode 644"),
     ({**RIGHT, "owner": "bob"}, "owner bob"), ({"sha256": "0", "mode": "666", "owner": "x"}, "edited, mode 666, owner x")],
)  # fmt: skip
def test_text_mode_and_owner(about: dict[str, Any], says: str) -> None:
    assert word(CHECK, recorded("files", ENV, about)) == says


def test_a_file_that_is_gone() -> None:
    assert word(CHECK, recorded(files={})) == "missing"


def test_of_a_file_that_is_made_on_the_host_only_who_reads_it_counts() -> None:
    key = File("/etc/ssl/mech/mech.key", "600")
    assert word(key, recorded()) == "600 root"
    assert word(key, recorded("files", key.path, "mode", "644")) == "mode 644"


def test_read_from_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text(TEXT)
    (tmp_path / "a.env").chmod(0o640)
    found = files.files([f"{tmp_path}/*.env", "/nowhere/*"])
    assert found == {f"{tmp_path}/a.env": {"sha256": files.sha256(TEXT), "mode": "640", "owner": getpass.getuser()}}
