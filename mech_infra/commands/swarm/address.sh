#!/bin/sh
# stands_at ADDRESS SWARM: this manager, which is alone, tells the others that it is there. Docker does not when it takes a swarm up at
# another address than before: what its raft has of its own member stays. So this host says it by the call by which a manager says it
# to the one that leads (RaftMembership.Join in swarmkit's raft.proto; a message of gRPC has its length before it). A restart of Docker
# would read the old one again, unless there is a snapshot since.
stands_at() {
  at=$1:2377 certificates=$2/certificates
  [ "$(docker node inspect self -f '{{.ManagerStatus.Addr}}')" != "$at" ] || return 0
  key=$(mktemp)
  # Without the headers that only Docker understands.
  sed '/^[a-z-]*: /d; /^$/d' "$certificates/swarm-node.key" >"$key"
  # shellcheck disable=SC2059 # bytes
  printf "\\0\\0\\0\\0\\$(printf %03o $((${#at} + 2)))\\012\\$(printf %03o ${#at})$at" |
    curl -sS -m 30 -o /dev/null --http2 --cacert "$certificates/swarm-root-ca.crt" --cert "$certificates/swarm-node.crt" \
      --key "$key" --connect-to "swarm-manager:2377:$at" -H 'content-type: application/grpc' -H 'te: trailers' \
      --data-binary @- https://swarm-manager:2377/docker.swarmkit.v1.RaftMembership/Join || true
  rm -f "$key"
  every=$(docker info -f '{{.Swarm.Cluster.Spec.Raft.SnapshotInterval}}')
  docker swarm update --snapshot-interval 1 >/dev/null
  sleep 1
  docker swarm update --snapshot-interval "$every" >/dev/null
  [ "$(docker node inspect self -f '{{.ManagerStatus.Addr}}')" = "$at" ] || {
    echo "the swarm's manager is at $at, and tells its workers another address: look at docker node inspect self there" >&2
    return 1
  }
}
