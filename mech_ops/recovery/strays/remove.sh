#!/bin/sh
# Removes a container, which had time to end, or what nothing uses any more: a network, a service or secret of a swarm.
# Arguments: KIND (container, network, service, secret), ID, GRACE_S.
if [ "$1" = container ]; then
  docker stop -t "$3" "$2" >/dev/null
  docker rm -f "$2" >/dev/null
else
  docker "$1" rm "$2" >/dev/null
fi
