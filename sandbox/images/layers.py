"""Image layers made in Python: the same files give the same bytes, so the same digest on every machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class ImageError(RuntimeError):
    """An image cannot be made; the message is for people."""


@dataclass
class Tree:
    """Files of one layer: path to (content, mode), path to link target, and folders with their modes."""

    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)

    def add(self, path: str, content: bytes | str, mode: int = 0o644) -> None:
        self.files[path.lstrip("/")] = (content.encode() if isinstance(content, str) else content, mode)

    def program(self, path: str, source: Path) -> None:
        """A program of this machine with the shared libraries it loads. Raises ImageError where it is missing."""
        if not source.exists():
            raise ImageError(f"{source} is missing; run `python3 -m engine setup`, which installs it")
        self.add(path, source.read_bytes(), 0o755)
        for library in _libraries(source):
            self.add(str(library), library.resolve().read_bytes(), 0o755)


@dataclass(frozen=True)
class Layer:
    """A gzipped tar; `diff_id` is the digest of what is inside."""

    digest: str
    diff_id: str
    data: bytes


def pack(tree: Tree) -> Layer:
    """The layer of `tree`. Parents of every path are made; owner is root, times are 0."""
    folders = dict(tree.folders)
    for path in [*tree.files, *tree.links, *tree.folders]:
        for parent in Path(path).parents:
            if str(parent) != ".":
                folders.setdefault(str(parent), 0o755)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folders):
            archive.addfile(_entry(path, tarfile.DIRTYPE, folders[path]))
        for path in sorted(tree.links):
            entry = _entry(path, tarfile.SYMTYPE, 0o777)
            entry.linkname = tree.links[path]
            archive.addfile(entry)
        for path in sorted(tree.files):
            content, mode = tree.files[path]
            entry = _entry(path, tarfile.REGTYPE, mode)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    plain = buffer.getvalue()
    # Level 1: made once, read over loopback.
    data = gzip.compress(plain, compresslevel=1, mtime=0)
    return Layer(digest(data), digest(plain), data)


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _entry(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode, entry.mtime = kind, mode, 0
    entry.uid = entry.gid = 0
    return entry


def _libraries(program: Path) -> list[Path]:
    said = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    return [Path(found) for found in re.findall(r"(/\S+)\s+\(0x", said)]


def config(labels: dict[str, str], diff_ids: list[str], **run: Any) -> dict[str, Any]:
    """The image's configuration object; `run` holds Entrypoint, Cmd, Env, ExposedPorts, Volumes, WorkingDir."""
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        "architecture": _architecture(), "os": "linux", "created": "1970-01-01T00:00:00Z",
        "config": {"Env": [path, *run.pop("Env", [])], "Labels": labels, **run},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "sandbox/images"} for _ in diff_ids],
    }  # fmt: skip


def _architecture() -> str:
    import platform

    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
