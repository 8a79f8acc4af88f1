#!/bin/sh
# Takes the volume ID off INSTANCE at Vultr where another one has taken its place there. Runs here, not on the host.
# Environment: ID, INSTANCE, VULTR_API_KEY.
set -eu
. ../attachment/api.sh

on_instance() { tr -d ' ' | grep -oF "\"attached_to_instance\":\"$INSTANCE\"" | wc -l; }

[ "$(api "/blocks/$ID" | on_instance)" -eq 1 ] || exit 0
[ "$(api "/blocks?per_page=500" | on_instance)" -gt 1 ] || exit 0
api "/blocks/$ID/detach" -X POST -H 'Content-Type: application/json' -d '{"live": true}' >/dev/null
