#!/bin/sh
# Has the manager know a host no more that goes. Arguments: NAME.
set -eu
. ./listing.sh
[ "$(docker info -f '{{.Swarm.ControlAvailable}}')" = true ] || exit 0
for id in $(known | awk -v name="$1" '$2 == name { print $1 }'); do
  forget "$id"
done
