#!/bin/sh
# Makes this host the first manager of a swarm, unless it manages one: of that whose state is there, since the host before this
# one managed it, else of a new one. Prints the swarm's id.
# Arguments: ADDRESS, BRIDGE, BRIDGE_SUBNET, GATEWAY, ENCRYPTED (yes or no), POOL, ALONE (yes: no other manager is declared; no: others
# went on without the host before this one, and what it knew is old), SWARM (where Docker has the state).
set -eu
. ./gateway.sh
. ./out.sh
. ./address.sh
address=$1 alone=$7 swarm=$8

# leads: the swarm has somebody who leads it; an election takes seconds, and the nodes of a host that boots some more.
leads() {
  for _ in $(seq 30); do
    if docker node ls >/dev/null 2>&1; then return 0; fi
    sleep 2
  done
  return 1
}

can_encrypt "$5"
gateway "$address" "$2" "$3" "$4"
state=$(docker info -f '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}')
if [ "$state" != "active true" ]; then
  [ "${state% *}" = inactive ] || leave_swarm
  [ "$alone" = yes ] || rm -rf "${swarm:?}"/*
  goes_on=
  [ ! -d "$swarm/raft" ] || goes_on=--force-new-cluster
  # shellcheck disable=SC2086 # a word, or none
  docker swarm init $goes_on --advertise-addr "$address" --data-path-addr "$address" --listen-addr "$address:2377" \
    --default-addr-pool "$6" >/dev/null
elif ! leads; then
  # Two of three managers are lost: what this one knows goes on.
  docker swarm init --force-new-cluster --advertise-addr "$address" --listen-addr "$address:2377" >/dev/null
fi
if [ "$alone" = yes ]; then leads && stands_at "$address" "$swarm"; fi
docker info -f '{{.Swarm.Cluster.ID}}'
