#!/bin/sh
# Attaches the volume BLOCK to INSTANCE at Vultr, unless it is. Runs here, not on the host.
# Environment: BLOCK, INSTANCE, VULTR_API_KEY.
set -eu
. ./api.sh
for _ in 1 2 3 4 5 6 7 8 9 10; do
  if api "/$BLOCK" | tr -d ' ' | grep -qF "\"attached_to_instance\":\"$INSTANCE\""; then
    echo "attached"
    exit 0
  fi
  api "/$BLOCK/attach" -X POST -H 'Content-Type: application/json' \
    -d "{\"instance_id\": \"$INSTANCE\", \"live\": true}" >/dev/null
  sleep 1
done
echo "Vultr did not attach block storage $BLOCK to instance $INSTANCE:" >&2
api "/$BLOCK" >&2
exit 1
