"""The table of causes: each row is whole, reads what it says it reads, and is named from what a broken platform showed.

`bundles/` has what `mech diagnose` saw in each scenario of the guide (MECH_SCENARIO_BUNDLES=1 writes them anew).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mech_infra.facts import look as facts
from mech_infra.facts.host import program
from mech_infra.facts.model import Check
from mech_ops.diagnosis.causes import TABLE, Cause
from mech_ops.diagnosis.causes.model import LAYERS, SEVERITIES, arguments
from mech_ops.diagnosis.look import Look, Missing

from . import patches

DOCS = Path(__file__).resolve().parents[4] / "docs"
_CLOUDS = {"edge.answers", "host.silent", "host.told", "zone.zone", "zone.settings", "zone.records", "zone.rulesets",
           "vultr.attachments", "vultr.rules", "swarm.nodes", "swarm.services", "swarm.networks", "swarm.membership"}  # fmt: skip


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


def in_the_config(key: str) -> bool:
    """Whether a stack's config may have it; a placeholder, or NAME, stands for any name."""
    top, *way = key.split(".")
    if top.removeprefix("mech:").isupper():
        return re.search(rf"\b{re.escape(top)}\b", (DOCS / "config.md").read_text()) is not None
    schema = json.loads((DOCS / "config.schema.json").read_text())
    at = schema["properties"]["config"]["properties"].get(top)
    for step in way:
        if at is None or "{" in step:
            break
        while "$ref" in at or "allOf" in at:
            at = schema["definitions"][(at.get("$ref") or at["allOf"][0]["$ref"]).rpartition("/")[2]]
        names = at.get("properties", {})
        free = at.get("additionalProperties")
        at = next(iter(names.values()), free) if step == "NAME" else names.get(step, free or None)
        at = {} if at is True else at
    return at is not None


@pytest.mark.parametrize("cause", TABLE.values(), ids=TABLE)
def test_the_config_has_the_keys_that_it_speaks_of(cause: Cause) -> None:
    spoken = {key.rstrip(".,;") for text in (cause.key, cause.fix) for key in re.findall(r"mech:[\w.{}]+", text)}
    assert {key for key in spoken if "mech:{" not in key and not in_the_config(key)} == set()


@pytest.mark.parametrize(
    "key", ["mech:host.sshPublicKey", "mech:hosts", "mech:services.NAME.memory", "mech:NOBODYS_KEY"]
)
def test_a_key_that_is_none_is_known_for_it(key: str) -> None:
    assert not in_the_config(key)


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
