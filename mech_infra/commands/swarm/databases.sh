#!/bin/sh
# Puts each container onto the network between the hosts, under its names, beside the network that it is on.
# Arguments: NETWORK, then CONTAINER=ALIAS,ALIAS… for each.
set -eu
network=$1
shift
for each in "$@"; do
  name=${each%%=*} aliases=$(printf %s "${each#*=}" | tr , ' ')
  on=$(docker inspect -f '{{range $net, $c := .NetworkSettings.Networks}}{{$net}} {{end}}' "$name")
  case " $on" in *" $network "*) continue ;; esac
  set --
  for alias in $name $aliases; do set -- "$@" --alias "$alias"; done
  docker network connect "$@" "$network" "$name"
  echo "$name is on $network"
done
