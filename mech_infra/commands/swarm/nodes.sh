#!/bin/sh
# Has every member ready, a manager or a worker as wanted, and taking tasks unless it shall be drained (vacate.sh does that).
# Prints the addresses of all nodes, also of those that go.
# Arguments: NAME=ROLE=AVAILABILITY for each.
set -eu
. ./listing.sh
for wanted in "$@"; do
  name=${wanted%%=*} rest=${wanted#*=}
  role=${rest%%=*} availability=${rest#*=}
  end=$(($(date +%s) + 60))
  while id=$(id_of "$name") && [ -z "$id" ]; do
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "$name has joined, and the manager does not see it after 60 s: look at docker node ls there; UFW lets members in" \
        "at 7946 on the private network" >&2
      exit 1
    fi
    sleep 0.5
  done
  # The host of before, where it was made anew.
  for gone in $(known | awk -v name="$name" '$2 == name && $5 == "down" { print $1 }'); do
    forget "$gone"
  done
  is=$(known | awk -v id="$id" '$1 == id { print $3 "=" $4 }')
  [ "${is%%=*}" = "$role" ] || docker node update --role "$role" "$id" >/dev/null
  if [ "$availability" = active ] && [ "${is#*=}" != active ]; then docker node update --availability active "$id" >/dev/null; fi
done
# A host that tried to join twice: nobody is behind its first try, which Docker keeps for ever.
for nobody in $(known | awk '$2 == "-" && $5 != "ready" { print $1 }'); do
  forget "$nobody"
done
# shellcheck disable=SC2046 # an id a word
docker node inspect -f '{{.Status.Addr}}' $(docker node ls -q) | sort
