#!/bin/sh
# Packages and units as mech-boot left them. Arguments: UNITS (words), LIMIT_S (to wait for another apt), PACKAGE…
set -eu
units=$1
shift
. ./packages.sh
install_missing "$@"
for unit in $units; do
  systemctl unmask -q "$unit.service" 2>/dev/null || true
  systemctl enable -q "$unit.service" 2>/dev/null || true
  systemctl start "$unit.service"
done
# Docker switches it on when it starts only.
[ "$(sysctl -n net.ipv4.ip_forward)" = 1 ] || sysctl -q -w net.ipv4.ip_forward=1
echo converged
