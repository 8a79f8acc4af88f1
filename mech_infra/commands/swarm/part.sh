#!/bin/sh
# Takes containers off the network between the hosts, so that it can go. Arguments: NETWORK, CONTAINER…
set -eu
network=$1
shift
for name in "$@"; do docker network disconnect -f "$network" "$name" >/dev/null 2>&1 || true; done
