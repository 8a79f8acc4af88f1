"""Outages that nobody declared: never called clean, and mostly called by their name. MECH_OUTAGE_SEED repeats a run."""

from __future__ import annotations

import json
import os
import random
import time
import zlib

import pytest

from . import diagnosed
from .conftest import SEED
from .outages import OUTAGES, Outage
from .world import World, until

_SEED = int(os.environ.get("MECH_OUTAGE_SEED") or SEED)
_WITHIN_S = 60


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.name.replace(" ", "-"))
def test_outage(world: World, outage: Outage) -> None:
    luck = random.Random(_SEED ^ zlib.crc32(outage.name.encode()))
    print(f"MECH_OUTAGE_SEED={_SEED}")
    keep = os.environ.get("MECH_SCENARIO_BUNDLES")
    bundle = diagnosed.BUNDLES / f"outage-{outage.name.replace(' ', '-').replace(',', '')}.json" if keep else None
    try:
        outage.breaks(world, luck)
        _named(world, outage, bundle)
        outage.heals(world)
        world.well()
        until(lambda: world.stack.pulumi("preview", "--expect-no-changes") and None, 30)
    except (Exception, pytest.fail.Exception) as error:
        print(f"{outage.name} failed: {str(error)[:3000]}")
        try:
            outage.heals(world)
        except Exception as more:
            print(f"and is not healed: {str(more)[:500]}")
        world.rescue()
        raise


def _named(world: World, outage: Outage, bundle: object) -> None:
    """Some take a while to be felt: Docker's and the services' own looks are 10 s apart."""
    begin = time.monotonic()

    def first() -> None:
        found = diagnosed.look(world, bundle)  # type: ignore[arg-type]
        codes = [cause["code"] for cause in found["causes"]]
        assert found["exit_code"] == 2, f"{outage.name} is called clean: {found['headline']}"
        assert codes[0] in outage.cause, (
            f"{outage.name}: {codes}, not {outage.cause} first:\n{json.dumps(found)[:5000]}"
        )

    until(first, _WITHIN_S, 2)
    print(f"{outage.name}: named after {time.monotonic() - begin:.0f} s")
