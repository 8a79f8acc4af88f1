#!/bin/sh
# Waits for eth0 in its network namespace and gives it the addresses, then becomes COMMAND.
# Arguments: GATEWAY ADDRESS… -- COMMAND….
set -eu
gateway=$1
shift
ip link set lo up
tries=0
until [ -e /proc/self/net/dev_snmp6/eth0 ] || ip link show eth0 >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 500 ] || exit 97
  sleep 0.02
done
while [ "$1" != -- ]; do
  ip addr add "$1/24" dev eth0
  shift
done
shift
ip link set eth0 up
ip route add default via "$gateway"
exec "$@"
