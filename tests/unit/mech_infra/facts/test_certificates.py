from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from mech_infra.facts.host.certificates import Certificate

from .conftest import recorded, word

CHECK = Certificate(["*.mech.is", "mech.is"], 30)


def ends(days: int) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).strftime("%b %d %H:%M:%S %Y GMT")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"end": ends(90)}, "valid for *.mech.is, mech.is"),
        ({"end": ends(90), "names": ["foo"]}, "for foo"),
        ({"end": ends(90), "matches": False}, "does not belong to its key"),
        ({"end": ends(-1)}, "expired on "),
        ({"end": ends(20)}, "expires on "),
    ],
)
def test_names_key_and_time(change: dict[str, Any], says: str) -> None:
    assert word(CHECK, recorded(certificate=recorded()["certificate"] | change)).startswith(says)


def test_none_at_all() -> None:
    assert word(CHECK, recorded(certificate={})) == "missing or not readable"
    assert word(CHECK, recorded(certificate=None)) == CHECK.good
