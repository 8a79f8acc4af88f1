"""Outages that nobody declared: never called clean, and mostly called by their name. MECH_OUTAGE_SEED repeats a run."""

from __future__ import annotations

import os
import random
import zlib

import pytest

from . import diagnosed
from .conftest import SEED
from .outages import OUTAGES, Outage
from .world import World, until

_SEED = int(os.environ.get("MECH_OUTAGE_SEED") or SEED)


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.slug)
def test_outage(world: World, outage: Outage) -> None:
    luck = random.Random(_SEED ^ zlib.crc32(outage.name.encode()))
    print(f"MECH_OUTAGE_SEED={_SEED}")
    before = diagnosed.well(world)
    try:
        outage.breaks(world, luck)
        took = diagnosed.named(world, f"outage-{outage.slug}", outage.cause, before)
        print(f"{outage.name}: named in {took:.1f} s")
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
