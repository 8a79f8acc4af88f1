"""The SSH connection cut at random moments of an `up` that replaces both databases: nothing hangs, nothing is lost.

MECH_CUT_ROUNDS says how many times (default 2); MECH_CUT_SEED makes the moments the same again. Every second cut is
mended only when the `up` has ended. Packets are dropped, of which nobody is told, and in turn the link is taken down.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml

from .outside import cut, start_writing, stop_writing, unplugged, written
from .stack import REPO, STACK, Stack, orphans

pytestmark = pytest.mark.in_order
ROUNDS = int(os.environ.get("MECH_CUT_ROUNDS", "2"))
SEED = int(os.environ.get("MECH_CUT_SEED", "0")) or random.randrange(1, 10**6)
LIMIT_S, SURE_S = 180, 8


@pytest.fixture(scope="module")
def stack(platform: Stack) -> Iterator[Stack]:
    start_writing(platform)
    yield platform
    stop_writing(platform)


@pytest.fixture(scope="module")
def whole_s(stack: Stack) -> float:
    """How long such an `up` takes on this machine when nothing breaks."""
    configure(stack, 0)
    begin = time.monotonic()
    stack.up("--skip-preview", *config(stack))
    return time.monotonic() - begin


def config(stack: Stack) -> tuple[str, str]:
    return "--config-file", str(stack.settings.state / "cut.yaml")


def configure(stack: Stack, number: int) -> None:
    """Other CPU limits than in the round before: a change that replaces both databases."""
    about = yaml.safe_load((REPO / f"Pulumi.{STACK}.yaml").read_text())
    cpus = 1.25 + 0.25 * (number % 2)
    # What is acknowledged must be on the disk when Redis is killed, too.
    about["config"]["mech:datastores"] = {"redis": {"appendOnly": True, "cpus": cpus}, "mongodb": {"cpus": cpus}}
    (stack.settings.state / "cut.yaml").write_text(yaml.safe_dump(about))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(1, ROUNDS + 1))
def test_a_cut_connection(stack: Stack, whole_s: float, number: int) -> None:
    chance = random.Random(SEED * 1000 + number)
    moment, length = whole_s * chance.uniform(0.15, 0.95), chance.uniform(20.0, 40.0)
    for_good, broken = number % 2 == 0, (cut, unplugged)[(number // 2) % 2]
    configure(stack, number)
    log = stack.settings.state / f"cut-{number}.log"
    begin = time.monotonic()
    with log.open("wb") as file:
        argv = ["pulumi", "up", "--yes", "--skip-preview", "--stack", STACK, "--non-interactive", *config(stack)]
        up = subprocess.Popen(argv, cwd=stack.folder, env=stack.env, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        try:
            time.sleep(moment)
            with broken(stack.settings):
                try:
                    up.wait(LIMIT_S if for_good else length)
                except subprocess.TimeoutExpired:
                    assert not for_good, f"`up` still runs {LIMIT_S} s after the cut: {log.read_text()[-3000:]}"
            up.wait(LIMIT_S)
        finally:
            up.kill()
            up.wait()
    took = time.monotonic() - begin
    recovered = stack.mech("recover", "--stack", STACK).stdout
    stack.up(*config(stack))
    stack.well()
    stack.pulumi("preview", "--expect-no-changes", *config(stack))
    kept = written(stack)
    how = "until the up ended" if for_good else f"for {length:.0f} s"
    print(
        f"\nseed {SEED}, round {number}: {broken.__name__} after {moment:.1f} of {whole_s:.1f} s {how}; up: {took:.0f} s, exit {up.returncode}; "
        f"recover: {' '.join(recovered.split())}; acknowledged and there: {kept}"
    )
    assert took < LIMIT_S
    assert orphans() == []
    if up.returncode:
        said = log.read_text()
        assert stack.outputs()["host_ip"] in said, said[-3000:]
        # The watch is sure of a dead connection after some seconds; what failed before has the plugins' own words.
        assert "mech recover" in said or took - moment < SURE_S, said[-3000:]
