#!/bin/sh
# Says what containers logged, each line behind its container's name. Arguments: FILTER (of docker ps) TAIL FOLLOW (yes or
# no) SINCE (or nothing). Exit code 3: there is no such container; 4: Docker does not answer.
filter=$1 tail=$2 follow=$3 since=$4
names=$(timeout -k 1 10 docker ps -a --filter "$filter" --format '{{.Names}}') || exit 4
[ -n "$names" ] || exit 3
said() {
  if [ "$follow" = no ]; then
    timeout -k 1 10 docker logs --tail "$tail" ${since:+--since "$since"} "$1"
  else
    docker logs --follow --tail "$tail" ${since:+--since "$since"} "$1"
  fi 2>&1 | sed -u "s/^/$1 | /"
}
if [ "$follow" = no ]; then
  for name in $(echo "$names" | sort); do said "$name"; done
else
  for name in $names; do said "$name" & done
  wait
fi
