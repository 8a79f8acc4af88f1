#!/bin/sh
# Has the swarm's state on the data volume, by mech-swarm, which is there with its unit. A swarm that runs has it there from
# the next boot on: Docker has its files open. Arguments: MECH_SWARM (its path), KEPT, SWARM.
set -eu
mech_swarm=$1 kept=$2 swarm=$3
systemctl daemon-reload
systemctl enable -q mech-swarm.service
# Of a fleet that is no more, whose host could not be asked to take it away.
for other in "${kept%/*}"/*; do
  [ "$other" = "$kept" ] || rm -rf "$other"
done
if mountpoint -q "$swarm"; then
  echo "is there"
  exit 0
fi
if [ "$(docker info -f '{{.Swarm.LocalNodeState}}')" != inactive ]; then
  echo "is there from the next boot on"
  exit 0
fi
"$mech_swarm" state
systemctl start mech-swarm.service
# Where another host was to be found. Without it Docker waits for `swarm init`, also if this host is restarted before that.
rm -f "$swarm/docker-state.json"
echo "is there"
