#!/bin/sh
# How the host is, changing nothing; prints `mech-NAME=VALUE` lines. Waits until it has come up.
# Arguments: DATA, DEVICE (of the volume), BOOT_S (to wait at most).
data=$1 device=$2 boot_s=$3

say() { printf 'mech-%s=%s\n' "$1" "$2"; }

n=0
while
  s=$(systemctl is-system-running)
  [ "$s" = starting ] || [ "$s" = initializing ] || [ "$s" = stopping ]
do
  n=$((n + 1))
  [ $n -lt "$boot_s" ] || break
  sleep 1
done
say docker "$(systemctl show -p ActiveState --value docker.service)"
curl -s -o /dev/null --max-time 10 --unix-socket /run/docker.sock 'http://docker/containers/json?limit=1'
say answers "$?"
say mounted "$(findmnt -nro MAJ:MIN --mountpoint "$data" | tail -n 1)"
say options "$(findmnt -nro OPTIONS --mountpoint "$data" | tail -n 1)"
say device "$(stat -Lc %Hr:%Lr "$device" 2>/dev/null)"
# shellcheck disable=SC2016 # its own arguments
timeout -k 1 10 sh -c 'ls "$1"/* && dd if="$2" of=/dev/null bs=4096 count=1 iflag=direct' sh "$data" "$device" >/dev/null 2>&1
say readable "$?"
[ ! -e /etc/systemd/system/mech-data.service ] || say boot yes
