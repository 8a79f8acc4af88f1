#!/bin/sh
# Waits until the start-up script is through (READY is there), and docker and nginx run. Arguments: READY, TIMEOUT_S.
ready=$1 timeout_s=$2
end=$(($(date +%s) + timeout_s))
while [ "$(date +%s)" -lt "$end" ]; do
  if [ -e "$ready" ] && docker version >/dev/null 2>&1 && systemctl is-active --quiet nginx; then
    echo ready
    exit 0
  fi
  sleep 0.5
done
echo "the start-up script did not finish in $timeout_s s; on the host read: journalctl -b, /tmp/firstboot.log" >&2
exit 1
