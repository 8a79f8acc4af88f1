"""The ring: today's program on what each release left. Nothing that is kept is touched, nothing that did not change restarts.

The real engine, without a platform and without root (upgrading.py): some seconds a plan. What it shows and what not: README.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from tests import programs
from tests.upgrade import judging, releases, upgrading
from tests.upgrade.releases import HARDENED, Release
from tests.upgrade.upgrading import Left

pytestmark = pytest.mark.skipif(
    shutil.which("pulumi", path=upgrading.PATH) is None, reason="no Pulumi engine is here: `make setup` has one"
)
NEWEST = releases.released()[-1]
LEFT = [*releases.released(), *releases.released(HARDENED)]
MEANT: dict[str, dict[str, str]] = yaml.safe_load((releases.FOLDER / "meant.yaml").read_text()) or {}
VOLUME, HOST, DATABASES, CONTAINERS, SERVICE, NETWORK = (
    f"mech_infra/components/{name}.py" for name in ("volume", "host", "datastores", "containers", "service", "network")
)
PLATFORM = "mech_infra/platform.py"
Leave = Callable[..., Left]


@pytest.fixture(scope="module")
def leave(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leave]:
    """A stack as a release left it, made once for each."""
    with ExitStack() as open_:
        known: dict[tuple[Release, str | None], Left] = {}

        def left(release: Release, state: str | None = None) -> Left:
            if (release, state) not in known:
                url = open_.enter_context(upgrading.clouds(release.clouds))
                known[release, state] = Left(release, tmp_path_factory.mktemp("left"), url, state)
            return known[release, state]

        yield left


@pytest.mark.parametrize("release", LEFT, ids=lambda release: release.name)
def test_an_upgrade_keeps_what_is_there(leave: Leave, release: Release) -> None:
    found = judging.judge(leave(release).plan(), release.resources)
    meant = MEANT.get(release.name, {})
    refused = [str(finding) for finding in found if finding.kept or finding.resource not in meant]
    assert not refused, f"from {release.name}:\n" + "\n".join(refused)
    gone = set(meant) - {finding.resource for finding in found}
    assert not gone, f"meant.yaml, {release.name}: nothing happens to {', '.join(sorted(gone))} any more"


def test_another_version_alone_changes_an_output_and_nothing_else(leave: Leave) -> None:
    older = NEWEST.state.replace(f'"version":"{NEWEST.version}"', '"version":"0.0.1"')
    assert older != NEWEST.state
    done, same = leave(NEWEST, older).plan(), leave(NEWEST).plan()
    assert (done.code, done.preview.plan.keys()) == (0, same.preview.plan.keys())


@dataclass(frozen=True)
class Bad:
    """A change that must not ship, and what a reviewer reads of it."""

    name: str
    says: tuple[str, ...]
    edits: tuple[programs.Edit, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    kept: bool = True


BAD = (
    Bad("the data volume renamed without an alias", ("data-block", "no longer declares it", "alias", "empty on another volume"),
        ((VOLUME, 'f"{name}-block"', 'f"{name}-disk"'),)),
    Bad("a database mounted elsewhere", ("datastores-mongodb", "/data/db is on bind:", "it would run on other data"),
        ((DATABASES, '"/data/db", f"{DATA}/mongodb"', '"/data/db", "/srv/mongodb"'),)),
    Bad("a region by default", ("host-address", "region ewr → ams makes it anew"), config={"mech:host": {"region": "ams"}}),
    Bad("another operating system", ("host-instance", "osId: 2136 → 2284", "on its own disk would go with it"),
        ((HOST, "os_id=config.os_id", "os_id=2284"),)),
    Bad("another label of the data volume", ("data-block", "label: mech-data → mech-store", "would begin with an empty one"),
        ((VOLUME, 'f"{config.hostname}-data"', 'f"{config.hostname}-store"'),)),
    Bad("what attaches the volume has another trigger", ("data-attach", "triggers", "its `delete` runs first"),
        ((VOLUME, "triggers=[host.instance.id, self.block.id]", "triggers=[host.instance.id, self.block.id, label]"),), kept=False),
    Bad("another health check of MongoDB", ("datastores-mongodb", "healthcheck", "an outage of about 15 s"),
        ((DATABASES, "db.adminCommand('ping')", "db.hello()"),)),
    Bad("more in every service's environment", ("services-llm-", "envs: [secret]", "nothing of it changed in the config"),
        ((SERVICE, "for key, value in sorted(self.environment.items())", "for key, value in sorted({**self.environment, 'X': '1'}.items())"),
         (SERVICE, "_SHAPE = 1", "_SHAPE = 2")), kept=False),
    Bad("another shape of containers, and no other version", ("services-llm-", "logOpts", "an outage: it is removed before"),
        ((CONTAINERS, '"max-size": "10m"', '"max-size": "20m"'),), kept=False),
    Bad("the network by another name", ("network-bridge", "name: mech-network →", "no container reaches another one"),
        ((NETWORK, "            name=catalogue.NETWORK_NAME,", '            name="mech-net",'),), kept=False),
    Bad("records by another name in the program", ("edge-llm", "is deleted", "nobody finds the service meanwhile"),
        ((PLATFORM, 'Edge("edge"', 'Edge("front"'),), kept=False),
)  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name.replace(" ", "-"))
def test_a_bad_change_is_refused_in_words(leave: Leave, bad: Bad) -> None:
    found = judging.judge(leave(NEWEST).plan(bad.edits, bad.config), NEWEST.resources)
    told = [finding for finding in found if all(part in str(finding) for part in bad.says)]
    assert told, "\n".join(map(str, found))
    assert all(finding.kept is bad.kept for finding in told)
