#!/bin/sh
# Waits until mech-boot is through (READY is there), and docker and nginx run. Arguments: READY, TIMEOUT_S.
ready=$1 timeout_s=$2
end=$(($(date +%s) + timeout_s))
while [ "$(date +%s)" -lt "$end" ]; do
  if [ -e "$ready" ] && docker version >/dev/null 2>&1 && systemctl is-active --quiet nginx; then
    echo ready
    exit 0
  fi
  sleep 0.5
done
last=$(journalctl -u mech-boot.service -n 1 -o cat --no-pager 2>/dev/null || true)
echo "the host did not get ready in $timeout_s s${last:+ ($last)}: it goes on by itself, also after a reboot; run pulumi up" \
  "again, or read on the host: journalctl -u mech-boot, /tmp/firstboot.log" >&2
exit 1
