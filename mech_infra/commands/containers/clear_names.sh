#!/bin/sh
# Before anything is made: what others made under our names goes, since Docker gives a name once only.
# Arguments: LABEL (whose it is), NETWORK, CONTAINER…
set -eu
label=$1 network=$2
shift 2
docker info >/dev/null 2>&1 || exit 0

# managed KIND WHERE NAME: it has our label; WHERE Docker keeps labels of that kind.
managed() { docker inspect --type "$1" -f "{{index .$2 \"$label\"}}" "$3" 2>/dev/null | grep -q .; }

for name in "$@"; do
  [ -n "$(docker ps -aq --filter "name=^$name\$")" ] || continue
  if managed container Config.Labels "$name"; then
    # A paused container counts as running for the provider.
    case "$(docker inspect -f '{{.State.Status}}' "$name")" in
      paused) docker unpause "$name" >/dev/null ;;
      # Killed for memory again and again, it cannot be given its limit back: Docker refuses while it is down.
      restarting)
        docker update --memory 4g --memory-swap 4g "$name" >/dev/null || true
        docker restart -t 1 "$name" >/dev/null || true
        ;;
    esac
  else
    docker rm -f "$name" >/dev/null
    echo "removed the container $name, which was made by hand"
  fi
done
for id in $(docker network ls -q --filter "name=^$network\$"); do
  managed network Labels "$id" && continue
  for member in $(docker network inspect -f '{{range $id, $c := .Containers}}{{$id}} {{end}}' "$id"); do
    docker network disconnect -f "$id" "$member"
  done
  docker network rm "$id" >/dev/null
  echo "removed the network $network, which was made by hand"
done
