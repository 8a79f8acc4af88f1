"""The data volume: block storage mounted before docker starts, never formatted twice."""

from __future__ import annotations

from mech_infra.commands.containers import DATABASE_GRACE_S
from mech_infra.commands.script import program, room, script

# What the databases' data is on: Vultr's name of it, and the smallest that it sells (its OpenAPI text, block_type).
BLOCK_TYPE, MIN_GB = "storage_opt", 40
DATA = "/opt/mech-services/shared/data"
SCRIPT = "/usr/local/sbin/mech-data"
_UNIT = "/etc/systemd/system/mech-data.service"
_DOCKER = "/etc/systemd/system/docker.service.d/10-mech-data.conf"
MODES = {SCRIPT: "755", _UNIT: "644", _DOCKER: "644"}
_ROOM = room(__file__)


def detach_volume() -> str:
    """Take the volume $ID off $INSTANCE through Vultr's API where another volume has taken its place there.

    `mount_volume` has unmounted it then. Else it stays: a host that is deleted lets go of it without that.
    """
    return script(_ROOM / "detach.sh")


def files(mount_id: str) -> dict[str, str]:
    """What mounts the volume at each boot before docker: path to text."""
    return {
        SCRIPT: program(_ROOM / "mech-data.sh", MOUNT_ID=mount_id, DATA=DATA),
        _UNIT: (_ROOM / "mech-data.service").read_text(),
        _DOCKER: (_ROOM / "10-mech-data.conf").read_text(),
    }


def mount_volume(mount_id: str) -> str:
    """Mount Vultr's block device at DATA, now and at each boot before docker; format only an empty one."""
    written = {path: (MODES[path], text) for path, text in files(mount_id).items()}
    return script(_ROOM / "mount.sh", SCRIPT, DATA, mount_id, DATABASE_GRACE_S, put=written)
