"""No plan loses data: by whatever cause a plan would, the real engine refuses it and nothing at all is touched."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers import install
from tests import programs

from .stack import REPO, STACK, Stack

BLOCK = "urn:pulumi:sandbox::mech::mech:platform:DataVolume$vultr:index/blockStorage:BlockStorage::data-block"
VOLUME, PLATFORM, HOST, DATABASES = (
    f"mech_infra/{name}.py" for name in ("components/volume", "platform", "components/host", "components/datastores")
)
PINNED = '                ignore_changes=["attachedToInstance"],\n'


# The last test puts the databases on another volume.
pytestmark = pytest.mark.leaves_changed


@dataclass(frozen=True)
class Cause:
    """How a plan comes to lose data: `edits` of the program, or of the stack's config; `says` what a person reads."""

    name: str
    says: tuple[str, ...]
    edits: tuple[programs.Edit, ...] = ()
    config: dict[str, dict[str, Any]] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    plugin: str = ""  # what a next version of the Vultr plugin does differently, in Python


CAUSES = (
    Cause("the property that pins the attachment is gone", ("data-block", "takes it off its host", "'detach data-block'"),
          ((VOLUME, PINNED, ""),)),
    Cause("the region is changed", ("host-address", "region ewr → ams", "'replace host-address'"),
          config={"mech:host": {"region": "ams"}}),
    Cause("the region is changed, and only the address may go", ("data-block", "region ewr → ams", "empty on another volume"),
          config={"mech:host": {"region": "ams"}}, allow=("replace host-address", "replace host-instance")),
    Cause("a new version of a plugin makes it anew", ("data-block", "it would be made anew"),
          plugin="from sandbox.providers.vultr.block import BlockStorage as B\n"
                 "from dataclasses import replace\n"
                 "B.fields = {**B.fields, 'status': replace(B.fields['status'], role='optional', replace=True, default='anew')}\n"
                 "B.replace_on = B.replace_on | {'status'}\n"),
    Cause("another volume is adopted in its place", ("data-block", "would be adopted in place of"),
          ((VOLUME, "import_=_kept(label)", 'import_="00000000-0000-4000-8000-000000000000"'),)),
    Cause("its name is changed", ("data-block", "no longer declares it", "alias", "'delete data-block'"),
          ((VOLUME, 'f"{name}-block"', 'f"{name}-disk"'),)),
    Cause("its component is renamed", ("data-block", "no longer declares it"),
          ((PLATFORM, 'DataVolume("data"', 'DataVolume("storage"'),)),
    Cause("its component's type is renamed", ("data-block", "no longer declares it"),
          ((VOLUME, '"mech:platform:DataVolume"', '"mech:platform:Disk"'),)),
    Cause("the volume is to be smaller", ("data-block", "40 GB → 20 GB", "'shrink data-block'"),
          config={"mech:host": {"dataVolumeGb": 20}}),
    Cause("protect is switched on and the host renamed", ("host-instance", "hostname mech → web"),
          config={"mech:host": {"protect": True, "hostname": "web"}}),
    Cause("protect is switched off and the region changed", ("host-address", "region ewr → ams"),
          config={"mech:host": {"protect": False, "region": "ams"}}),
    Cause("the address is of another kind", ("host-address", "ipType v4 → v6"),
          ((HOST, 'ip_type="v4", label', 'ip_type="v6", label'),)),
    Cause("a database is mounted elsewhere", ("datastores-mongodb", "/data/db is on bind:", "'remount datastores-mongodb'"),
          ((DATABASES, '"/data/db", f"{DATA}/mongodb"', '"/data/db", "/srv/mongodb"'),)),
    Cause("a database keeps its data inside its container", ("datastores-redis", "/data is on bind:", "nothing"),
          ((DATABASES, ', _mount("/data", f"{DATA}/redis")', ""),)),
    Cause("somebody asks for it by hand", ("data-block", "it would be made anew"),
          arguments=("--replace", BLOCK)),
    Cause("MongoDB is older than its data", ("images-mongodb", "mongo:6 is older than 7", "'downgrade images-mongodb'"),
          config={"mech:datastores": {"mongodb": {"image": "mongo:6"}}}),
    Cause("MongoDB is of the next major version, and nothing is saved",
          ("there would be no way back", "images-mongodb", "mongo:7 → mongo:8", "no backup is declared", "'upgrade images-mongodb'"),
          config={"mech:datastores": {"mongodb": {"image": "mongo:8"}}}),
    Cause("Redis is older than its data", ("images-redis", "reads format 9 at most, and its data are in format 10"),
          config={"mech:datastores": {"redis": {"image": "redis:6-alpine"}}}),
)  # fmt: skip


@pytest.fixture(scope="module")
def stack(platform: Stack) -> Stack:
    platform.up()  # from here on the state knows what the volume is attached to, if this was only the second one
    return platform


def variant(stack: Stack, cause: Cause, folder: Path) -> Stack:
    """The same stack with the program, the config and the plugins of the cause."""
    allow = {"mech:allow": list(cause.allow)} if cause.allow else {}
    programs.copy(folder, REPO / f"Pulumi.{STACK}.yaml", cause.edits, {**cause.config, **allow})
    return Stack(stack.settings, folder)


def next_plugin(cause: Cause, folder: Path) -> dict[str, str]:
    """PULUMI_HOME with a Vultr plugin of another version's ways."""
    home = folder / "home"
    shutil.copytree(install.default_home() / "plugins", home / "plugins")
    program = install.folder(home, "vultr") / "pulumi-resource-vultr"
    code = folder / "next_vultr.py"
    code.write_text(f"{cause.plugin}from sandbox.providers.vultr.provider import main\nmain()\n")
    text = program.read_text()
    program.write_text(re.sub(r"-P -m sandbox\.providers\.vultr", f"-P {code}", text))
    assert str(code) in program.read_text()
    return {"PULUMI_HOME": str(home)}


def untouched(stack: Stack) -> dict[str, Any]:
    """What must be the same after a refusal."""
    clouds = json.loads(stack.pulumi("stack", "export").stdout)["deployment"]["resources"]
    ids = {r["urn"]: r["id"] for r in clouds if r.get("custom")}
    running = stack.ssh("docker ps --no-trunc --format '{{.ID}}' | sort; mountpoint -d /opt/mech-services/shared/data")
    return {"ids": ids, "running": running, "clouds": stack.inventory()}


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name.replace(" ", "-"))
def test_the_plan_is_refused_and_nothing_is_touched(
    stack: Stack, cause: Cause, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cause.plugin:
        for name, value in next_plugin(cause, tmp_path).items():
            monkeypatch.setenv(name, value)
    before = untouched(stack)
    folder = tmp_path / "program"
    folder.mkdir()
    other = variant(stack, cause, folder)
    done = other.pulumi("up", "--yes", "--suppress-permalink=true", *cause.arguments, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "refused, since " in said
    assert "nothing was changed" in said
    for part in cause.says:
        assert part in said, said[-3000:]
    assert "Traceback" not in said
    assert untouched(stack) == before


def test_without_a_preview_it_is_refused_all_the_same(stack: Stack, tmp_path: Path) -> None:
    before = untouched(stack)
    for number, cause in enumerate((CAUSES[0], CAUSES[1], CAUSES[6], CAUSES[12])):
        folder = tmp_path / str(number)
        folder.mkdir()
        other = variant(stack, cause, folder)
        done = other.pulumi("up", "--yes", "--skip-preview", *cause.arguments, check=False)
        assert done.returncode != 0, cause.name
        assert "refused, since data would be lost" in done.stdout + done.stderr, cause.name
    after = untouched(stack)
    assert (after["running"], after["clouds"]) == (before["running"], before["clouds"])
    stack.up()
    stack.well()


def test_what_a_protected_stack_does_every_day_is_let_through(stack: Stack, tmp_path: Path) -> None:
    """Nothing changed, a larger volume, another label; and a host that is lost is made anew with its data."""
    stack.ssh("docker exec redis redis-cli set kept here && docker exec redis redis-cli save && sync")
    protected = {"mech:host": {"protect": True}}
    same = variant(stack, Cause("same", (), config=protected), tmp_path)
    same.up()
    same.pulumi("preview", "--expect-no-changes")
    same.lose_host()
    same.mech("recover", "--stack", STACK)
    same.up()
    same.pulumi("preview", "--expect-no-changes")
    same.well()
    assert stack.ssh("docker exec redis redis-cli get kept") == "here"
    stack.up()  # without protect, for the tests to come


def test_a_renamed_component_with_an_alias_is_let_through(stack: Stack, tmp_path: Path) -> None:
    edit = (PLATFORM, 'DataVolume("data", DataVolumeArgs(platform.host, host))',
            'DataVolume("data", DataVolumeArgs(platform.host, host), opts=pulumi.ResourceOptions(aliases=[]))')  # fmt: skip
    same = (VOLUME, 'super().__init__("mech:platform:DataVolume", name, None, opts)',
            'super().__init__("mech:platform:Disk", name, None, pulumi.ResourceOptions.merge(opts, '
            'pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="mech:platform:DataVolume")])))')  # fmt: skip
    other = variant(stack, Cause("alias", (), (edit, same)), tmp_path)
    done = other.pulumi("preview", check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_a_change_that_is_allowed_by_name_is_made(stack: Stack, tmp_path: Path) -> None:
    """Another volume: the databases are stopped, the old one is unmounted before it is detached, and both are kept."""
    stack.ssh("docker exec redis redis-cli set kept before && docker exec redis redis-cli save")
    other = variant(
        stack,
        Cause("other", (), ((VOLUME, 'f"{config.hostname}-data"', 'f"{config.hostname}-other"'),
                            (VOLUME, "block_type=commands.BLOCK_TYPE", 'block_type="high_perf"')), allow=("replace data-block",)),
        tmp_path,
    )  # fmt: skip
    done = other.up()
    assert "mech:allow permits `replace data-block`" in done.stdout
    blocks = stack.vultr().get("/blocks").json()["blocks"]
    assert sorted(bool(block["attached_to_instance"]) for block in blocks) == [False, True]
    assert stack.ssh("docker exec redis redis-cli get kept") == ""
    assert stack.ssh("dmesg 2>/dev/null | grep -c 'EXT4-fs error' || true") in ("", "0")
    stack.well()
