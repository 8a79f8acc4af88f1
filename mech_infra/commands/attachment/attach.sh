#!/bin/sh
# Attaches what ID is to INSTANCE at Vultr, unless it is. Never taken off another instance. Runs here, not on the host.
# Arguments: PLACE (of its kind in the API), FIELD (in which it says where it is), MORE (of the request), WHAT (in words).
# Environment: ID, INSTANCE, VULTR_API_KEY.
set -eu
place=$1 field=$2 more=$3 what=$4
. ./api.sh
for _ in 1 2 3 4 5 6 7 8 9 10; do
  if api "/$place/$ID" | tr -d ' ' | grep -qF "\"$field\":\"$INSTANCE\""; then
    echo "attached"
    exit 0
  fi
  api "/$place/$ID/attach" -X POST -H 'Content-Type: application/json' \
    -d "{\"instance_id\": \"$INSTANCE\"$more}" >/dev/null
  sleep 1
done
echo "Vultr did not attach $what $ID to instance $INSTANCE:" >&2
api "/$place/$ID" >&2
exit 1
