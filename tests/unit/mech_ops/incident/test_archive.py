"""The archive: without a secret in its files and their names, for its owner alone, and none with a leak is kept."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mech_ops.errors import OpsError
from mech_ops.incident import archive
from mech_ops.incident.gathering import Item
from mech_ops.redaction import MARK, leaks

from .planted import FORMS, LOOKS, PACKED, PLAIN, SECRETS

WHERE: dict[str, Any] = {
    **{f"in a log: {how}": ("host/logs/mech-llms.txt", f"a line {form(PLAIN)} more\n".encode()) for how, form in FORMS.items()},
    **{f"in a compressed log: {how}": ("host/files/x.log.1.gz", pack(f"said {PLAIN}\n".encode())) for how, pack in PACKED.items()},
    **{f"nobody knew it: {kind}": ("host/system/journal.txt", f"{line}\n".encode()) for kind, (line, _) in LOOKS.items()},
    **{
        f"in a name: {how}": (f"host/logs/{FORMS[how](PLAIN)}.txt", b"nothing\n")
        for how in ("as is", "URL", "URL, lower case", "base64", "base64, one on", "hex", "gzip in base64", "zlib in base64")
    },
}  # fmt: skip


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as opened:
        return {one.name: opened.extractfile(one).read() for one in opened}  # type: ignore[union-attr]


def packed(tmp_path: Path, *items: Item, secrets: Sequence[str] = SECRETS) -> Path:
    out = tmp_path / "x.tar.gz"
    with archive.place(out) as part:
        archive.write(part, "incident", archive.clean(items, secrets), 0)
        archive.keep(part, out, secrets)
    return out


@pytest.mark.parametrize("where", WHERE)
def test_a_planted_secret_is_nowhere(tmp_path: Path, where: str) -> None:
    name, data = WHERE[where]
    out = packed(tmp_path, Item(name, f"docker logs {PLAIN}", data, f"failed: {PLAIN}"))
    found = members(out)
    assert len(found) == 1
    ((called, held),) = found.items()
    assert leaks(called.encode(), SECRETS) == [] and leaks(held, SECRETS) == []
    assert MARK in called or MARK.encode() in held


@pytest.mark.parametrize("where", WHERE)
def test_the_scan_finds_each_where_nothing_was_taken_out(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "redacted", lambda value, _: value)
    monkeypatch.setattr(archive, "_PACKED", ())
    name, data = WHERE[where]
    with pytest.raises(OpsError, match="not kept") as failed:
        packed(tmp_path, Item(name, "", data))
    assert list(tmp_path.iterdir()) == [], "neither it nor a part of it is left"
    assert ": a" in str(failed.value) or ": something" in str(failed.value)


def test_the_refusal_names_file_and_kind_and_never_the_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = archive.redacted
    monkeypatch.setattr(archive, "clean", lambda items, _: list(items))
    items = (
        Item(f"host/{PLAIN}.txt", "", b"nothing"),
        Item("host/journal.txt", "", FORMS["base64, one on"](PLAIN).encode()),
    )
    with pytest.raises(OpsError) as failed:
        packed(tmp_path, *items)
    assert clean is archive.redacted
    said = str(failed.value)
    assert f"the name incident/host/{MARK}.txt: a secret of the stack" in said
    assert "incident/host/journal.txt: a secret of the stack (base64)" in said
    assert leaks(said.encode(), SECRETS) == []


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    out = packed(tmp_path, Item("host/system/uname.txt", "", b"Linux\n"))
    assert out.stat().st_mode & 0o777 == 0o600
    with tarfile.open(out) as opened:
        assert [(one.name, one.mode, one.uname) for one in opened] == [("incident/host/system/uname.txt", 0o600, "")]


def test_names_lead_nowhere_and_no_two_are_the_same(tmp_path: Path) -> None:
    names = [
        "host/../../etc/passwd",
        "/host//a b.txt",
        "host/a?b.txt",
        f"logs/{PLAIN}",
        f"logs/{SECRETS[0][:4]}",
        "..",
        "x.log.gz",
        "x.log",
    ]
    found = members(packed(tmp_path, *(Item(name, "", name.encode()) for name in names)))
    assert list(found) == [
        f"incident/{name}"
        for name in ("host/etc/passwd", "host/a_b.txt", "host/a_b.txt-2", f"logs/{MARK}", "logs/p@ss", "unnamed", "x.log", "x.log-2")
    ]  # fmt: skip


def test_an_archive_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    packed(tmp_path, Item("a", "", b"first"))
    with pytest.raises(OpsError, match="exists already"):
        packed(tmp_path, Item("a", "", b"second"))
    assert members(tmp_path / "x.tar.gz") == {"incident/a": b"first"}


def test_where_nothing_can_be_written_it_says_so_first(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="nothing can be written to"), archive.place(tmp_path / "none" / "x.tar.gz"):
        raise AssertionError("nobody is asked")
