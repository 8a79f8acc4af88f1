"""CONTRIBUTING.md: each house rule names what holds it, and that exists."""

from __future__ import annotations

import re
import tomllib

from policies.rules import BY_ID

from .source import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
ROWS = re.findall(r"^\| (.+) \| (.+) \|$", TEXT.partition("## House rules")[2].partition("\n## ")[0], re.M)[1:]


def test_each_rule_names_what_holds_it() -> None:
    assert len(ROWS) > 15
    for rule, held_by in ROWS:
        assert re.search(r"review|`[^`]+`|ruff|mypy", held_by), rule


def test_what_holds_a_rule_exists() -> None:
    selected = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["select"]
    makefile = (ROOT / "Makefile").read_text()
    for _, held_by in ROWS:
        for name in re.findall(r"`([^`]+)`", held_by):
            if name.startswith("make "):
                assert f"\n{name.removeprefix('make ')}:" in makefile, name
            else:
                assert (ROOT / name).is_file() or name in BY_ID, name
        for codes in re.findall(r"ruff \(([^)]+)\)", held_by):
            for code in codes.split(", "):
                assert any(code.startswith(one) for one in selected), code


def test_every_check_of_the_house_is_named() -> None:
    for path in (ROOT / "tests/unit/house").glob("test_*.py"):
        assert f"`{path.relative_to(ROOT)}`" in TEXT
