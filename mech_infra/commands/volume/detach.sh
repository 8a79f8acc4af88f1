#!/bin/sh
# Takes the volume BLOCK off INSTANCE at Vultr where another one has taken its place there. Runs here, not on the host.
# Environment: BLOCK, INSTANCE, VULTR_API_KEY.
set -eu
. ./api.sh

on_instance() { tr -d ' ' | grep -oF "\"attached_to_instance\":\"$INSTANCE\"" | wc -l; }

[ "$(api "/$BLOCK" | on_instance)" -eq 1 ] || exit 0
[ "$(api "?per_page=500" | on_instance)" -gt 1 ] || exit 0
api "/$BLOCK/detach" -X POST -H 'Content-Type: application/json' -d '{"live": true}' >/dev/null
