"""The table of causes: each row is whole, reads what it says it reads, and is named from what a broken platform showed.

`bundles/` has what `mech diagnose` saw in each scenario of the guide (MECH_SCENARIO_BUNDLES=1 writes them anew).
"""

from __future__ import annotations

import pytest

from mech_infra.facts import look as facts
from mech_infra.facts.host import program
from mech_infra.facts.model import Check
from mech_ops.diagnosis.causes import TABLE, Cause
from mech_ops.diagnosis.causes.model import LAYERS, SEVERITIES, arguments
from mech_ops.diagnosis.look import Look, Missing

from . import patches

_CLOUDS = {"edge.answers", "host.silent", "host.told", "zone.zone", "zone.settings", "zone.records", "zone.rulesets",
           "vultr.attachments", "vultr.rules"}  # fmt: skip


def kinds() -> set[str]:
    assert facts
    found, left = set(), list(Check.__subclasses__())
    while left:
        one = left.pop()
        left += one.__subclasses__()
        found.add(f"drift.{vars(one).get('kind', '')}")
    return found


@pytest.mark.parametrize("cause", TABLE.values(), ids=TABLE)
def test_a_row_is_whole(cause: Cause) -> None:
    assert cause.code == cause.code.upper().replace("-", "_")
    assert cause.layer in LAYERS and cause.floor in SEVERITIES
    assert cause.visitor and cause.fix and cause.guide
    assert set(cause.follows) <= set(TABLE), "only follows from what is in the table"
    assert cause.code not in cause.follows
    for text in (cause.visitor, cause.guide):
        assert not arguments(text)


@pytest.mark.parametrize("cause", TABLE.values(), ids=TABLE)
def test_it_reads_what_somebody_reads(cause: Cause) -> None:
    known = {f"host.{name}" for name in (*program.READERS, *program.ASKED)} | _CLOUDS | kinds()
    assert cause.reads and set(cause.reads) <= known, set(cause.reads) - known


@pytest.mark.parametrize("name", [None, *patches.names()])
def test_it_reads_no_more_than_it_says(name: str | None) -> None:
    seen = patches.read(*([name] if name else []))
    for cause in TABLE.values():
        look = Look(seen)
        try:
            found = list(cause.find(look))
        except Missing:
            found = []
        assert look.read <= set(cause.reads), f"{cause.code} reads {look.read - set(cause.reads)}, too"
        for one in found:
            assert all(cause.words(one)[:2]), "every word of it can be said"
