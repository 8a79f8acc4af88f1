"""A registry over two small images."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import images
from sandbox.images.layers import Tree, pack
from sandbox.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two small images in the cache, in the form that `images.build` leaves."""
    layer = pack(Tree(files={"etc/hello": (b"hello " * 500, 0o644)}))
    run = {"Cmd": ["redis-server"], "ExposedPorts": {"6379/tcp": {}}}
    images._write(
        tmp_path / "made",
        [
            images.Image("library/redis", "alpine", [layer], run),
            images.Image("library/redis", "latest", [layer], run),
            images.Image("mech-is/mech-queue", "1.0.0", [layer], {"Cmd": ["mech-service"]}),
        ],
    )
    monkeypatch.setattr(images, "folder", lambda _: tmp_path / "made")
    return Settings("unit", tmp_path / "state", tmp_path / "cache", 7)
