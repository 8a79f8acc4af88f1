"""The archive itself: written for its owner alone, opened again, and kept only when no secret is found in it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mech_ops.errors import OpsError
from mech_ops.incident.gathering import Item
from mech_ops.redaction import leaks, redacted

_ODD = re.compile(r"[^\w.\-+@:%\[\]]")
_PACKED = (".gz", ".xz", ".bz2", ".zip")


def clean(items: Iterable[Item], secrets: Sequence[str]) -> list[Item]:
    """Without secrets in what they are called and in what they hold; under names that no two share and that lead nowhere."""
    found: dict[str, Item] = {}
    for item in items:
        name, count = _name(redacted(item.name, secrets)), 1
        while (called := name if count == 1 else f"{name}-{count}") in found:
            count += 1
        what, data, remark = redacted((item.what, item.data, item.remark), secrets)
        found[called] = Item(called, what, data, remark)
    return list(found.values())


def _name(name: str) -> str:
    parts = [_ODD.sub("_", part) for part in name.split("/") if part not in ("", ".", "..")]
    joined = "/".join(parts) or "unnamed"
    for ending in _PACKED:  # it was unpacked to be cleaned
        joined = joined.removesuffix(ending)
    return joined


@contextlib.contextmanager
def place(out: Path) -> Iterator[Path]:
    """A file beside `out` that only its owner reads; it is gone afterwards. Raises OpsError where none can be made."""
    if out.exists():
        raise OpsError(f"{out} exists already, and an archive of an incident is not overwritten: give another --out")
    try:
        handle, part = tempfile.mkstemp(prefix=".mech-incident-", dir=out.parent)
    except OSError as error:
        raise OpsError(f"nothing can be written to {out.parent}: {error.strerror}") from None
    os.close(handle)
    try:
        yield Path(part)
    finally:
        Path(part).unlink(missing_ok=True)


def write(part: Path, folder: str, items: Iterable[Item], at: float) -> None:
    """Raises OpsError."""
    try:
        with tarfile.open(part, "w:gz", format=tarfile.PAX_FORMAT) as archive:
            for item in items:
                about = tarfile.TarInfo(f"{folder}/{item.name}")
                about.size, about.mode, about.mtime = len(item.data), 0o600, int(at)
                archive.addfile(about, io.BytesIO(item.data))
    except OSError as error:
        raise OpsError(f"the archive cannot be written: {error.strerror}") from None


def scan(path: Path, secrets: Sequence[str]) -> list[str]:
    """Every leak of a finished archive, as "FILE: kind"; a secret is never part of it."""
    found = []
    with tarfile.open(path) as archive:
        for member in archive:
            name = redacted(member.name, secrets)
            stream = archive.extractfile(member)
            data = stream.read() if stream else b""
            found += [f"the name {name}: {kind}" for kind in leaks(member.name.encode(), secrets)]
            found += [f"{name}: {kind}" for kind in leaks(data, secrets)]
    return found


def keep(part: Path, out: Path, secrets: Sequence[str]) -> None:
    """Put it in its place, when it has no secret. Raises OpsError, and nothing is kept."""
    if found := scan(part, secrets):
        part.unlink()
        raise OpsError(
            "the archive was not kept, since something secret was found in it (a defect: please report it): "
            + "; ".join(found)
        )
    part.replace(out)
