#!/bin/sh
# Restarts containers, each after the one before is well again. Arguments: GRACE_S WAIT_S NAME …
# What it does stays as declared: the containers are the same ones. Exit code 3: one is not there; 4: Docker refuses or does
# not answer; 5: one is not well in time, and those after it are left alone.
grace=$1 wait=$2
shift 2
state() {
  timeout -k 1 10 docker inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$1"
}
for name in "$@"; do
  state "$name" >/dev/null 2>&1 || {
    timeout -k 1 10 docker version >/dev/null 2>&1 || exit 4
    echo "$name is not there"
    exit 3
  }
  echo "$name: restarting"
  said=$(timeout -k 1 $((grace + 30)) docker restart -t "$grace" "$name" 2>&1) || {
    echo "$name: $said"
    exit 4
  }
  waited=0
  while
    now=$(state "$name" 2>&1)
    [ "$now" != healthy ] && [ "$now" != running ]
  do
    [ "$waited" -lt "$wait" ] || {
      echo "$name is $now $wait s after its start; what it says: $(docker logs --tail 1 "$name" 2>&1)"
      exit 5
    }
    sleep 1
    waited=$((waited + 1))
  done
  echo "$name: $now after $waited s"
done
