#!/bin/sh
# Takes containers off the network between the hosts, so that it can go. Arguments: WAIT_S, NETWORK, CONTAINER…
set -eu
wait_s=$1 network=$2
shift 2

# works: some task still runs. One whose service is gone ends what it has begun, and needs the databases for that.
works() {
  # shellcheck disable=SC2046 # an id a word
  docker node ps --format '{{.CurrentState}}' $(docker node ls -q) 2>/dev/null | grep -q '^Running'
}

end=$(($(date +%s) + wait_s))
while [ "$(date +%s)" -lt "$end" ] && works; do sleep 0.5; done
for name in "$@"; do docker network disconnect -f "$network" "$name" >/dev/null 2>&1 || true; done
