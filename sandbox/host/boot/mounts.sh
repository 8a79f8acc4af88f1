#!/bin/sh
# Mounts what a kernel gives its system below ROOT and makes its devices, then becomes COMMAND.
# Arguments: ROOT [TYPE FOLDER OPTIONS]… -- COMMAND…; TYPE, FOLDER and OPTIONS ("": none) are of each cgroup hierarchy.
set -eu
root=$1 dev=$1/dev
shift
mount --make-rprivate /
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs "$root/sys/fs/cgroup"
while [ "$1" != -- ]; do
  mkdir -p "$root$2"
  mount -t "$1" ${3:+-o "$3"} cgroup "$root$2"
  shift 3
done
shift
mount -t tmpfs -o mode=755,nosuid tmpfs "$dev"
mkdir -p "$dev/pts" "$dev/shm" "$dev/mqueue" "$dev/net"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$dev/pts"
mount -t tmpfs -o nosuid,nodev tmpfs "$dev/shm"
mount -t mqueue mqueue "$dev/mqueue"
mknod -m 666 "$dev/null" c 1 3
mknod -m 666 "$dev/zero" c 1 5
mknod -m 666 "$dev/full" c 1 7
mknod -m 666 "$dev/random" c 1 8
mknod -m 666 "$dev/urandom" c 1 9
mknod -m 666 "$dev/tty" c 5 0
mknod -m 666 "$dev/net/tun" c 10 200
ln -s pts/ptmx "$dev/ptmx"
ln -s /proc/self/fd "$dev/fd"
ln -s /proc/self/fd/0 "$dev/stdin"
ln -s /proc/self/fd/1 "$dev/stdout"
ln -s /proc/self/fd/2 "$dev/stderr"
: >"$dev/console"
mount --bind /dev/null "$dev/console"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
exec "$@"
