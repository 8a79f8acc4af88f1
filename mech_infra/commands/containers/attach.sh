#!/bin/sh
# Puts each container that exists onto the network, under its names, and off every other one. Who is put onto OTHER too is
# for others to say: off and on again it has another address there, and who speaks to it waits for an answer that does not come.
# Arguments: NETWORK, OTHER, then CONTAINER=ALIAS,ALIAS… for each.
set -eu
network=$1 too=$2
shift 2
docker info >/dev/null 2>&1 || exit 0

# join NAME ALIASES (words)
join() {
  name=$1 aliases=$2
  [ -n "$(docker ps -aq --filter "name=^$name\$")" ] || return 0
  names=" $(docker inspect -f '{{range .NetworkSettings.Networks}}{{range .Aliases}}{{.}} {{end}}{{end}}' "$name")"
  set --
  for alias in $aliases; do
    set -- "$@" --alias "$alias"
    # Docker gives another name only to what joins.
    case "$names" in
      *" $alias "*) ;;
      *) docker network disconnect -f "$network" "$name" 2>/dev/null || true ;;
    esac
  done
  on=" $(docker inspect -f '{{range $net, $c := .NetworkSettings.Networks}}{{$net}} {{end}}' "$name")"
  case "$on" in
    *" $network "*) ;;
    *)
      docker network connect "$@" "$network" "$name"
      echo "$name is on $network again"
      ;;
  esac
  for other in $on; do
    case "$other" in
      "$network" | "$too") ;;
      *) docker network disconnect -f "$other" "$name" ;;
    esac
  done
}

for each in "$@"; do
  join "${each%%=*}" "$(printf %s "${each#*=}" | tr , ' ')"
done
