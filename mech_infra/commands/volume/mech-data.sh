#!/bin/sh
# Mounts the volume with Vultr's MOUNT_ID at DATA, at each boot before docker; formats it only when it is empty.
set -eu
# Vultr names a block device by its mount id; it may appear some seconds after boot.
device=/dev/disk/by-id/virtio-$MOUNT_ID
mountpoint -q "$DATA" && exit 0
tries=0
until [ -b "$device" ]; do
  tries=$((tries + 1))
  if [ "$tries" -ge 120 ]; then
    echo "block storage $device is not attached; attach it at Vultr" >&2
    exit 1
  fi
  sleep 0.5
done
blkid "$device" >/dev/null || mkfs.ext4 -q -L mech-data "$device"
mkdir -p "$DATA"
mount -o noatime "$device" "$DATA"
