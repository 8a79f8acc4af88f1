#!/bin/sh
# Has the manager know a host no more that goes. Arguments: NAME.
set -eu
. ./listing.sh
[ "$(docker info -f '{{.Swarm.ControlAvailable}}')" = true ] || exit 0
for id in $(known | awk -v name="$1" '$2 == name { print $1 }'); do
  docker node demote "$id" >/dev/null 2>&1 || true
  docker node rm --force "$id" >/dev/null
done
