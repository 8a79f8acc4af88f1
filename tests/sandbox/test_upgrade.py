"""A stack that the newest release's own program brought up, given to today's: nothing of it is made anew, nobody notices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mech_infra.guard import judging
from mech_infra.version import version
from sandbox import steps
from tests.upgrade import program, releases

from .load import Load
from .stack import REPO, Stack, make

NEWEST = releases.released()[-1]
pytestmark = pytest.mark.in_order


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A sandbox of its own, and the release's program in it."""
    folder = tmp_path_factory.mktemp("release")
    try:
        program.take(NEWEST, folder)
    except program.Gone as why:
        pytest.skip(f"the program of {NEWEST.version} cannot be had: {why}")
    made = make(f"upgrade-of-{REPO.name}")
    yield Stack(made.settings, Path(folder))
    steps.remove(made.settings)


def state(stack: Stack) -> dict[str, dict[str, Any]]:
    resources = json.loads(stack.pulumi("stack", "export").stdout)["deployment"]["resources"]
    return {resource["urn"]: resource for resource in resources}


def kept(stack: Stack) -> dict[str, str]:
    found = state(stack).items()
    return {urn: one["id"] for urn, one in found if judging.keeps(one["type"], one.get("outputs") or {}, protect=True)}


def running(stack: Stack) -> dict[str, str]:
    """Since when each container runs."""
    said = stack.ssh("docker inspect -f '{{.Id}} {{.Name}} {{.State.StartedAt}}' $(docker ps -q)")
    return {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in said.splitlines()}


def test_the_release_leaves_what_is_recorded_of_it(release: Stack) -> None:
    release.up()
    release.up()
    release.well()
    there, recorded = state(release), NEWEST.resources
    assert set(there) == set(recorded)
    assert {urn: sorted(one.get("inputs") or {}) for urn, one in there.items()} == {
        urn: sorted(one.get("inputs") or {}) for urn, one in recorded.items()
    }


@pytest.mark.timeout(900)
def test_todays_program_takes_it_over_and_nobody_notices(release: Stack) -> None:
    release.ssh("docker exec redis redis-cli set kept here && docker exec redis redis-cli save")
    before, ran = kept(release), running(release)
    assert {urn.rpartition("::")[2] for urn in before} == {
        "host-instance", "host-address", "data-block", "datastores-redis", "datastores-mongodb"
    }  # fmt: skip
    today = Stack(release.settings)
    with Load(today.settings, rate=20) as load:
        today.up()
    result = load.result()
    print(f"\nfrom {NEWEST.version} to {version()}: {result.summary()}")
    assert kept(today) == before
    assert running(today) == ran
    assert (result.failed, result.cut) == ([], [])
    assert today.ssh("docker exec redis redis-cli get kept") == "here"
    assert today.outputs()["version"] == version()
    today.pulumi("preview", "--expect-no-changes")
    today.well()
