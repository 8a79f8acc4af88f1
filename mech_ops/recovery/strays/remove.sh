#!/bin/sh
# Removes a container, which had time to end, or a network, which has no containers any more.
# Arguments: KIND (container or network), ID, GRACE_S.
if [ "$1" = network ]; then
  docker network rm "$2" >/dev/null
else
  docker stop -t "$3" "$2" >/dev/null
  docker rm -f "$2" >/dev/null
fi
