"""What a dump says of itself, read without MongoDB."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mech_infra.backup import archive, mongodb
from mech_infra.backup.words import Failed

from .dumps import archive as made
from .dumps import write

JOBS = [{"_id": f"job-{n}", "at": n, "done": bool(n % 2)} for n in range(7)]
DUMP = {
    "mech.jobs": JOBS,
    "mech.empty": [],
    "mech_backup.canary": [{"_id": "m1", "value": "bird"}],
    "admin.system.users": [{"_id": "u"}],
}


def test_each_collection_has_its_documents_and_what_is_the_servers_own_is_left_out(tmp_path: Path) -> None:
    found = archive.read(write(tmp_path / "a", DUMP))
    assert {name: one.documents for name, one in found.items()} == {
        "mech.jobs": 7,
        "mech.empty": 0,
        "mech_backup.canary": 1,
    }


@given(order=st.permutations(JOBS), blocks=st.integers(1, 9))
def test_the_hash_does_not_depend_on_the_order_nor_on_the_blocks(order: list[dict[str, object]], blocks: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        one = archive.read(write(Path(folder) / "a", {"mech.jobs": JOBS}))["mech.jobs"]
        other = archive.read(write(Path(folder) / "b", {"mech.jobs": order}, blocks))["mech.jobs"]
    assert (one.documents, one.size, one.hash) == (other.documents, other.size, other.hash)


@pytest.mark.parametrize("change", [JOBS[:-1], [*JOBS, JOBS[0]], [{**JOBS[0], "at": 99}, *JOBS[1:]]])
def test_another_document_is_another_hash(change: list[dict[str, object]], tmp_path: Path) -> None:
    one = archive.read(write(tmp_path / "a", {"mech.jobs": JOBS}))["mech.jobs"]
    assert archive.read(write(tmp_path / "b", {"mech.jobs": change}))["mech.jobs"].hash != one.hash


@pytest.mark.parametrize("left", [0, 3, 4, 100, 0.5, 0.9, -5])
def test_one_that_is_cut_off_is_broken_wherever_it_ends(left: float, tmp_path: Path) -> None:
    whole = made(DUMP)
    end = int(len(whole) * left) if isinstance(left, float) else left
    (tmp_path / "a").write_bytes(whole[:end])
    with pytest.raises(Failed) as why:
        archive.read(tmp_path / "a")
    assert why.value.code == "DUMP_BROKEN"


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("Failed: can't create session\n")
    with pytest.raises(Failed, match="does not begin as one"):
        archive.read(tmp_path / "a")


def test_the_canary_is_found(tmp_path: Path) -> None:
    assert mongodb.planted(write(tmp_path / "a", DUMP)) == {"m1": "bird"}
    assert mongodb.planted(write(tmp_path / "b", {"mech.jobs": JOBS})) == {}
