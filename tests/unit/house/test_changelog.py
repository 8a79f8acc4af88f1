"""The version stands in one place, the changelog begins with it, and each release has what it left in tests/upgrade."""

from __future__ import annotations

import re
import tomllib

import yaml

from mech_infra.version import version
from sandbox.credentials import VENDOR_KEYS
from tests.upgrade.releases import HARDENED, order, released

from .source import ROOT, files

TEXT = (ROOT / "CHANGELOG.md").read_text()
ENTRIES = re.findall(r"^## (.+)$", TEXT, re.M)


def test_the_newest_entry_is_the_version() -> None:
    assert ENTRIES[0] == version()
    assert [re.sub(r"\d+\.\d+\.\d+", "", entry) for entry in ENTRIES] == [""] * len(ENTRIES)
    assert sorted(ENTRIES, key=order, reverse=True) == ENTRIES
    for entry in TEXT.split("\n## ")[1:]:
        assert len(entry.split()) > 10, f"{entry.split()[0]} says nothing"


def test_each_release_has_what_it_left() -> None:
    assert [release.version for release in released()] == ENTRIES[::-1], "python -m tests.upgrade record"
    for release in [*released(), *released(HARDENED)]:
        outputs = next(one for one in release.resources.values() if one["type"] == "pulumi:pulumi:Stack")["outputs"]
        assert outputs["version"] == release.version
        plain = [name for name, value in VENDOR_KEYS.items() if value in release.state]
        assert plain == [] and "plaintext" not in release.state, "a secret stands in the state as it is"


def test_nobody_else_says_a_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == version()
    # The CLI takes no other word for it.
    assert yaml.safe_load((ROOT / "policies/PulumiPolicy.yaml").read_text())["version"] == version()
    said = [
        path for path, text in files(".py").items()
        if re.search(rf"^__version__|^VERSION = \"{re.escape(version())}\"", text, re.M)
    ]  # fmt: skip
    assert said == []
