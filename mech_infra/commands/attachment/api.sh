#!/bin/sh
# api PATH ARGUMENT…: curl of a path of Vultr's API, with Vultr's key on stdin so that it never stands in argv.
# Environment: VULTR_API_KEY, MECH_VULTR_URL (another cloud than Vultr's).
: "${VULTR_API_KEY:?is not set: export the Vultr API key}"

api() {
  url=${MECH_VULTR_URL:-https://api.vultr.com/v2}$1
  shift
  printf 'header = "Authorization: Bearer %s"\n' "$VULTR_API_KEY" | curl -sS -m 30 -K - "$@" "$url"
}
