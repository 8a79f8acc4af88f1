#!/bin/sh
# Packages and units as the start-up script left them. Arguments: UNITS (words), PACKAGE…
set -eu
units=$1
shift
export DEBIAN_FRONTEND=noninteractive
. ./packages.sh
wanted=$(missing "$@")
if [ -n "$wanted" ]; then
  apt-get update -q && echo "$wanted" | xargs apt-get install -y -q --no-install-recommends
fi
for unit in $units; do
  systemctl unmask -q "$unit.service" 2>/dev/null || true
  systemctl enable -q "$unit.service" 2>/dev/null || true
  systemctl start "$unit.service"
done
# Docker switches it on when it starts only.
[ "$(sysctl -n net.ipv4.ip_forward)" = 1 ] || sysctl -q -w net.ipv4.ip_forward=1
echo converged
