#!/bin/sh
# leave_swarm: leaves it, whatever that does to the swarm. With it Docker forgets the names that it knows on every network of the
# host, also on its bridges (libnetwork's cleanupServiceDiscovery), so that nobody there finds a database any more. A container
# that is given another name and its own again is known once more, by its aliases, too, and keeps its address and connections.
leave_swarm() {
  docker swarm leave --force >/dev/null
  for network in $(docker network ls -q --filter driver=bridge); do
    for name in $(docker network inspect -f '{{range .Containers}}{{.Name}} {{end}}' "$network"); do
      docker rename "$name" "$name-again" || continue
      for _ in 1 2 3 4 5; do
        if docker rename "$name-again" "$name"; then break; fi
        sleep 0.2
      done
    done
  done
}
