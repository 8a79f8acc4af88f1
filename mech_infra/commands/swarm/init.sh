#!/bin/sh
# Makes this host the first manager of a swarm, unless it manages one. Prints the swarm's id.
# Arguments: ADDRESS, BRIDGE, BRIDGE_SUBNET, GATEWAY, ENCRYPTED (yes or no), POOL.
set -eu
. ./gateway.sh
address=$1
can_encrypt "$5"
gateway "$address" "$2" "$3" "$4"
case $(docker info -f '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}') in
  "active true")
    if ! docker node ls >/dev/null 2>&1; then
      # Two of three managers are lost: what this one knows goes on.
      docker swarm init --force-new-cluster --advertise-addr "$address" --listen-addr "$address:2377" >/dev/null
    fi
    ;;
  inactive*)
    docker swarm init --advertise-addr "$address" --data-path-addr "$address" --listen-addr "$address:2377" \
      --default-addr-pool "$6" >/dev/null
    ;;
  *)
    docker swarm leave --force >/dev/null
    docker swarm init --advertise-addr "$address" --data-path-addr "$address" --listen-addr "$address:2377" \
      --default-addr-pool "$6" >/dev/null
    ;;
esac
docker info -f '{{.Swarm.Cluster.ID}}'
