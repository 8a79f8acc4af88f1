"""The data volume: block storage mounted before docker starts, never formatted twice."""

from __future__ import annotations

from mech_infra.commands.containers import DATABASE_GRACE_S

# What the databases' data is on: Vultr's name of it, and the smallest that it sells (its OpenAPI text, block_type).
BLOCK_TYPE, MIN_GB = "storage_opt", 40
DATA = "/opt/mech-services/shared/data"
SCRIPT = "/usr/local/sbin/mech-data"
_UNIT = "/etc/systemd/system/mech-data.service"
_DOCKER = "/etc/systemd/system/docker.service.d/10-mech-data.conf"
MODES = {SCRIPT: "755", _UNIT: "644", _DOCKER: "644"}

# Before each script that asks Vultr: `api` calls curl with the key on stdin, so that it never stands in argv.
_API = r"""set -eu
: "${VULTR_API_KEY:?is not set: export the Vultr API key}"
api() { printf 'header = "Authorization: Bearer %s"\n' "$VULTR_API_KEY" | curl -sS -m 30 -K - "$@"; }
"""


def attach_volume() -> str:
    """Attach $BLOCK to $INSTANCE through Vultr's API, unless it is; the key comes from VULTR_API_KEY, never in argv.

    A command and not BlockStorage's own input: an adopted volume is not attached yet, and Pulumi refuses to import
    a resource whose inputs differ from what is there.
    """
    return (
        _API
        + r"""url=${MECH_VULTR_URL:-https://api.vultr.com/v2}/blocks/$BLOCK
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  if api "$url" | tr -d ' ' | grep -qF "\"attached_to_instance\":\"$INSTANCE\""; then echo "attached"; exit 0; fi
  api -X POST -H 'Content-Type: application/json' -d "{\"instance_id\": \"$INSTANCE\", \"live\": true}" \
    "$url/attach" > /dev/null
  sleep 1
done
echo "Vultr did not attach block storage $BLOCK to instance $INSTANCE:" >&2
api "$url" >&2
exit 1"""
    )


def detach_volume() -> str:
    """Take $BLOCK off $INSTANCE through Vultr's API where another volume has taken its place there.

    `mount_volume` has unmounted it then. Else it stays: a host that is deleted lets go of it without that.
    """
    return (
        _API
        + r"""url=${MECH_VULTR_URL:-https://api.vultr.com/v2}/blocks
on_host() { tr -d ' ' | grep -oF "\"attached_to_instance\":\"$INSTANCE\"" | wc -l; }
[ "$(api "$url/$BLOCK" | on_host)" -eq 1 ] && [ "$(api "$url?per_page=500" | on_host)" -gt 1 ] || exit 0
api -X POST -H 'Content-Type: application/json' -d '{"live": true}' "$url/$BLOCK/detach" > /dev/null"""
    )


def files(mount_id: str) -> dict[str, str]:
    """What mounts the volume at each boot before docker: path to text."""
    script = f"""#!/bin/sh
# Vultr names a block device by its mount id; it may appear some seconds after boot.
set -eu
device=/dev/disk/by-id/virtio-{mount_id}
mountpoint -q {DATA} && exit 0
tries=0
until [ -b "$device" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] || {{ echo "block storage $device is not attached; attach it at Vultr" >&2; exit 1; }}
  sleep 0.5
done
blkid "$device" >/dev/null || mkfs.ext4 -q -L mech-data "$device"
mkdir -p {DATA}
mount -o noatime "$device" {DATA}
"""
    return {SCRIPT: script, _UNIT: _UNIT_TEXT, _DOCKER: _DOCKER_TEXT}


def mount_volume(mount_id: str) -> str:
    """Mount Vultr's block device at DATA, now and at each boot before docker; format only an empty one."""
    written = "\n".join(
        f"cat > {path} <<'END'\n{text}END\nchown root:root {path}\nchmod {MODES[path]} {path}"
        for path, text in files(mount_id).items()
    )
    return f"""set -eu
install -d /etc/systemd/system/docker.service.d
{written}
systemctl daemon-reload
systemctl enable -q mech-data.service
# Another volume than the declared one is taken off first, and nobody writes to it then.
stopped=
device=/dev/disk/by-id/virtio-{mount_id}
if [ -b "$device" ] && mountpoint -q {DATA} && [ "$(mountpoint -d {DATA})" != "$(mountpoint -x "$device")" ]; then
  stopped=$(docker ps --format '{{{{.Names}}}}' --filter name='^(redis|mongodb)$' || true)
  [ -z "$stopped" ] || docker stop -t {DATABASE_GRACE_S} $stopped >/dev/null
  umount {DATA}
fi
# Not `restart`: docker requires this unit, and would be restarted under whatever it is doing.
/usr/local/sbin/mech-data
systemctl start mech-data.service
install -d -m 755 {DATA}/mongodb {DATA}/redis
[ -z "$stopped" ] || docker start $stopped >/dev/null
# A database that was started while the volume was away writes beside it: it is started anew on the volume.
for name in redis mongodb; do
  case $name in redis) path=/data;; *) path=/data/db;; esac
  seen=$(docker exec $name stat -c %d $path 2>/dev/null) || continue
  [ "$seen" = "$(stat -c %d {DATA})" ] || docker restart -t {DATABASE_GRACE_S} $name >/dev/null
done
findmnt -no SOURCE {DATA} >/dev/null && echo mounted {mount_id}"""


_UNIT_TEXT = """[Unit]
Description=Mech's data volume
Before=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/mech-data
[Install]
WantedBy=multi-user.target
"""
_DOCKER_TEXT = """[Unit]
Requires=mech-data.service
After=mech-data.service
"""
