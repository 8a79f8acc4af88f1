#!/bin/sh
# Leaves the swarm, which ends with its last manager, and takes the bridge away that Docker has for it.
set -eu
[ "$(docker info -f '{{.Swarm.LocalNodeState}}')" = inactive ] || docker swarm leave --force >/dev/null
docker network rm docker_gwbridge >/dev/null 2>&1 || true
