"""Block storage: sparse images that outlive hosts, and show in a host as /dev/disk/by-id/virtio-<mount_id>."""

from __future__ import annotations

import os
import re
from pathlib import Path
from stat import S_ISBLK

from sandbox.host.model import HostError, Place
from sandbox.host.run import quiet, read_json, run, shell
from sandbox.settings import Settings

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")


def _image(settings: Settings, block_id: str) -> Path:
    if not _NAME.fullmatch(block_id):
        raise HostError(f"block storage id {block_id!r} is not one: letters, digits and dashes, at most 64")
    return settings.blocks / f"{block_id}.img"


def create_block(settings: Settings, block_id: str, gb: int) -> Path:
    """A sparse image of `gb` GiB; an existing one is kept, and grown if it is smaller. Returns its path."""
    if gb < 1:
        raise HostError(f"block storage of {gb} GB: at least 1")
    path = _image(settings, block_id)
    settings.blocks.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("ab") as image:
        if os.fstat(image.fileno()).st_size < gb * 2**30:
            image.truncate(gb * 2**30)
    for device in loops(path):
        quiet(["losetup", "-c", device])
    return path


def delete_block(settings: Settings, block_id: str) -> None:
    """Delete the image and what is on it; nothing happens if it is not there."""
    path = _image(settings, block_id)
    if path.exists():
        for device in loops(path):
            quiet(["losetup", "-d", device])
        path.unlink()


def loops(image: Path) -> list[str]:
    """Loop devices that show `image`."""
    if not image.exists():
        return []
    return run(["losetup", "-n", "-O", "NAME", "-j", str(image)]).split()


def loop(image: Path) -> str:
    """The loop device of `image`, set up if it has none. Raises HostError."""
    there = loops(image)
    if there:
        return there[0]
    if not image.exists():
        raise HostError(f"block storage image {image} is missing; make it with create_block")
    return run(["losetup", "--find", "--show", "--nooverlap", str(image)]).strip()


def release(place: Place) -> None:
    """Free the loop devices of all that is attached to a host (lazily where still mounted)."""
    for entry in read_json(place.blocks).values():
        for device in loops(Path(entry["image"])):
            quiet(["losetup", "-d", device])


def show(dev: str, mount_id: str, letter: str, device: str) -> list[str]:
    """The command that makes the block device and its by-id link in `dev`, the host's /dev; it becomes what follows it."""
    if not _NAME.fullmatch(mount_id):
        raise HostError(f"block storage mount id {mount_id!r} is not one")
    status = Path(device).stat()
    if not S_ISBLK(status.st_mode):
        raise HostError(f"{device} is not a block device")
    numbers = str(os.major(status.st_rdev)), str(os.minor(status.st_rdev))
    return shell(__file__, "show", dev, f"vd{letter}", *numbers, mount_id)


def show_all(place: Place, dev: str) -> list[str]:
    """That for everything attached, for a boot."""
    return [
        word
        for entry in read_json(place.blocks).values()
        for word in show(dev, entry["mount_id"], entry["letter"], loop(Path(entry["image"])))
    ]


def free_letter(place: Place) -> str:
    """The next vdX: b is the first attached disk, as on the provider (vda is the host's own)."""
    used = {entry["letter"] for entry in read_json(place.blocks).values()}
    for letter in "bcdefghijklmnopqrstuvwxyz":
        if letter not in used:
            return letter
    raise HostError("no more than 25 block storages fit one host")
