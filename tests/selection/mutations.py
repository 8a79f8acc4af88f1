"""`python -m tests.selection.mutations [--run]`: the product broken in known ways; is the test that fails then chosen?

Says of each whether its test is needed for the change, and whether it has its place within `make test`'s time. With
`--run` the test is run (root, a minute or two each), and must fail. The files are changed in place, and put back.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from . import plugin, touched
from .__main__ import MINUTES, RINGS, collected
from .hook import PRODUCT

SCENARIO, SANDBOX = "tests/scenarios/test_scenarios.py::test_scenario", "tests/sandbox/test_"


@dataclass(frozen=True)
class Mutation:
    says: str
    text: str  # stands in one file of the product
    instead: str
    test: str  # fails then


MUTATIONS = (
    Mutation("a UFW that is off is taken for one that is on",
             'if not facts["ufw"]["enabled"]:', 'if facts["ufw"] == "off":', f"{SCENARIO}[ufw-off]"),
    Mutation("nginx limits nobody",
             'limit = [f"        limit_req zone=mech burst={burst} nodelay;"]', "limit: list[str] = []",
             f"{SCENARIO}[attack-rate-limited]"),
    Mutation("a version that is not well is let through",
             "    while left:\n        for each in order", "    while not left:\n        for each in order",
             f"{SANDBOX}rollout.py::test_a_broken_version_is_refused_and_the_one_before_serves_on[exits]"),
    Mutation("mech recover forgets to attach the volume",
             'api.ask(vultr, "POST", f"/blocks/{id_}/attach", body={"instance_id": instance, "live": True})', "pass",
             f"{SANDBOX}recover.py::test_it_is_said_and_mended[volume detached under a running host]"),
    Mutation("block storage may move to another region",
             'replaced_by=("region", "blockType")', 'replaced_by=("blockType",)',
             f"{SANDBOX}guard.py::test_the_plan_is_refused_and_nothing_is_touched[the-region-is-changed,-and-only-the-address-may-go]"),
    Mutation("preflight does not see that a region has no block storage",
             'if f"block_storage_{BLOCK_TYPE}" not in (found.get("options") or []):', "if not found:",
             f"{SANDBOX}preflight.py::test_what_the_clouds_refuse[what0-says0]"),
    Mutation("the edge takes a refusal for silence",
             'return 521, "connection refused"', 'return 522, "connection refused"',
             f"{SANDBOX}edge_network.py::test_a_dropping_firewall_is_522_and_a_rejecting_one_521"),
    Mutation("an nginx that just loaded its config is taken for an old one",
             "worker > config + 0.05", "worker > config - 1e9", f"{SANDBOX}no_false_drift.py::test_previews_in_a_row"),
)  # fmt: skip


@contextmanager
def broken(mutation: Mutation) -> Iterator[None]:
    """The product with this mutation. Raises ValueError when its text does not stand in exactly one file."""
    files = [
        touched.ROOT / name
        for name in sorted(touched.Tree().files)
        if name.startswith(PRODUCT) and name.endswith(".py")
    ]
    found = [file for file in files if mutation.text in file.read_text()]
    if len(found) != 1:
        raise ValueError(f"{mutation.says}: {mutation.text!r} stands in {len(found)} files: write it anew")
    before = found[0].read_text()
    found[0].write_text(before.replace(mutation.text, mutation.instead))
    try:
        yield
    finally:
        found[0].write_text(before)


def main() -> int:
    items, wrong = collected(), 0
    for mutation in MUTATIONS:
        with broken(mutation):
            plan = plugin.planned(items, MINUTES * 60)
            places = {choice.test: number for number, choice in enumerate(plan.chosen, 1)}
            needed = len(plan.chosen) + len(plan.left)
            place = places.get(mutation.test)
            chosen = (
                f"place {place}" if place else "needed" if mutation.test in {one.test for one in plan.left} else "NO"
            )
            print(f"{mutation.says:68} {chosen:9} of {needed:3}  {mutation.test.rpartition('/')[2]}", flush=True)
            wrong += chosen == "NO"
            if "--run" in sys.argv:
                argv = [sys.executable, "-m", "pytest", "-q", "--no-header", mutation.test]
                done = subprocess.run(argv, cwd=touched.ROOT, capture_output=True, text=True, check=False)
                print(f"    {done.stdout.strip().splitlines()[-1]}", flush=True)
                wrong += done.returncode != 1
    print(f"{len(MUTATIONS)} mutations, {wrong} not caught; tests: {', '.join(RINGS)}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
