#!/bin/sh
# Makes a disk's block device and its by-id link in DEV, then becomes COMMAND, if there is one.
# Arguments: DEV NODE MAJOR MINOR MOUNT_ID [COMMAND…].
set -eu
dev=$1 node=$2 major=$3 minor=$4 mount_id=$5
shift 5
mkdir -p "$dev/disk/by-id"
rm -f "$dev/$node"
# umask, not -m: mknod's chmod needs a /proc of this pid namespace
(umask 007 && mknod "$dev/$node" b "$major" "$minor")
ln -sfn "../../$node" "$dev/disk/by-id/virtio-$mount_id"
exec "$@"
