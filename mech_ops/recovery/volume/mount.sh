#!/bin/sh
# Mounts the volume by the unit that does it at each boot; says when its device does not appear.
# Arguments: DATA, DEVICE.
data=$1 device=$2
n=0
until [ -b "$device" ]; do
  n=$((n + 1))
  if [ $n -ge 60 ]; then
    echo "$device did not appear within 60 s; reboot the instance at Vultr, then mech recover"
    exit 1
  fi
  sleep 1
done
systemctl reset-failed mech-data.service 2>/dev/null
if ! systemctl restart mech-data.service; then
  journalctl -u mech-data -n 1 -o cat --no-pager
  exit 1
fi
if ! mountpoint -q "$data"; then
  echo "$data is not mounted; read: journalctl -u mech-data"
  exit 1
fi
