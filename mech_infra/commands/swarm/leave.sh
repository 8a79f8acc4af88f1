#!/bin/sh
# Leaves the swarm, which ends with its last manager, and takes the bridge away that Docker has for it.
set -eu
. ./out.sh
[ "$(docker info -f '{{.Swarm.LocalNodeState}}')" = inactive ] || leave_swarm
docker network rm docker_gwbridge >/dev/null 2>&1 || true
