#!/bin/sh
# Vultr's start-up script, once in a host's life: packages and folders. Arguments: PACKAGE…
# The file READY is made at its end; wait_ready.sh looks for it.
set -eu
export DEBIAN_FRONTEND=noninteractive
. ./packages.sh
wanted=$(missing "$@")
if [ -n "$wanted" ]; then
  for attempt in 1 2 3 4 5; do
    apt-get update && echo "$wanted" | xargs apt-get install -y --no-install-recommends && break
    [ "$attempt" -lt 5 ] || exit 1
    sleep 10
  done
fi
install -d -m 755 /opt/mech-services /opt/mech-services/shared /opt/mech-services/shared/data
install -d -m 700 /var/lib/mech
systemctl enable --now docker.service nginx.service
date -u +%FT%TZ >"$READY"
