#!/bin/sh
# Packages and units as mech-boot left them, and sshd's settings. Arguments: UNITS (words), SETTINGS (a file that is there),
# SSHD (where it shall be), LIMIT_S (to wait for another apt), PACKAGE…
set -eu
units=$1 settings=$2 sshd=$3
shift 3
. ./packages.sh
install_missing "$@"
for unit in $units; do
  systemctl unmask -q "$unit.service" 2>/dev/null || true
  systemctl enable -q "$unit.service" 2>/dev/null || true
  systemctl start "$unit.service"
done
if ! cmp -s "$settings" "$sshd" || [ "$(stat -c %a "$sshd")" != 644 ]; then
  install -m 644 "$settings" "$sshd"
  systemctl reload ssh.service
fi
# Docker switches it on when it starts only.
[ "$(sysctl -n net.ipv4.ip_forward)" = 1 ] || sysctl -q -w net.ipv4.ip_forward=1
echo converged
