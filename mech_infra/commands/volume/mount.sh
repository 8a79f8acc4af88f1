#!/bin/sh
# Runs mech-data, which is there with its units, now and at each boot. Arguments: MECH_DATA (its path), DATA, MOUNT_ID,
# GRACE_S (for a database to end).
set -eu
mech_data=$1 data=$2 mount_id=$3 grace_s=$4
systemctl daemon-reload
systemctl enable -q mech-data.service
device=/dev/disk/by-id/virtio-$mount_id
# What is mounted may be a disk that is gone; one that was attached a moment ago appears some seconds later.
tries=0
while mountpoint -q "$data" && ! [ -b "$device" ]; do
  tries=$((tries + 1))
  if [ "$tries" -ge 120 ]; then
    echo "block storage $device is not attached; attach it at Vultr" >&2
    exit 1
  fi
  sleep 0.5
done
# Another volume than the declared one, or the same as another disk, is taken off first, and nobody writes to it then.
stopped=
if [ -b "$device" ] && mountpoint -q "$data" && [ "$(mountpoint -d "$data")" != "$(mountpoint -x "$device")" ]; then
  stopped=$(docker ps --format '{{.Names}}' --filter name='^(redis|mongodb)$' || true)
  echo "$stopped" | xargs -r docker stop -t "$grace_s" >/dev/null
  umount "$data"
fi
# Not `restart`: docker requires this unit, and would be restarted under whatever it is doing.
"$mech_data"
systemctl start mech-data.service
install -d -m 755 "$data/mongodb" "$data/redis"
echo "$stopped" | xargs -r docker start >/dev/null
# A database that was started while the volume was away writes beside it: it is started anew on the volume.
for name in redis mongodb; do
  case $name in redis) path=/data ;; *) path=/data/db ;; esac
  seen=$(docker exec $name stat -c %d $path 2>/dev/null) || continue
  [ "$seen" = "$(stat -c %d "$data")" ] || docker restart -t "$grace_s" $name >/dev/null
done
findmnt -no SOURCE "$data" >/dev/null && echo "mounted $mount_id"
