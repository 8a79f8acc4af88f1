"""Docker's names and the network's members, where the Docker provider does not look (findings §6 and §7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MANAGED = "mech.managed"
# Of a service's containers: whose they are, what they are made of, where they stand (mech_infra.rollout).
SERVICE, VERSION, SLOT, REPLICA, IMAGE = "mech.service", "mech.version", "mech.slot", "mech.replica", "mech.image"
# After SIGTERM, in seconds; then Docker kills. A database writes what it has to its disk meanwhile.
DATABASE_GRACE_S = 60
SERVICE_GRACE_S = 30


def clear_names(containers: Sequence[str], network: str) -> str:
    """Before anything is made: what others made under our names goes, since Docker gives a name once only."""
    return f"""set -eu
docker info >/dev/null 2>&1 || exit 0
managed() {{ docker inspect --type "$1" -f '{{{{index .'"$2"' "{MANAGED}"}}}}' "$3" 2>/dev/null | grep -q .; }}
for name in {" ".join(containers)}; do
  [ -n "$(docker ps -aq --filter "name=^$name\\$")" ] || continue
  if managed container Config.Labels "$name"; then
    # A paused container counts as running for the provider.
    case "$(docker inspect -f '{{{{.State.Status}}}}' "$name")" in
      paused) docker unpause "$name" >/dev/null ;;
      # Killed for memory again and again, it cannot be given its limit back: Docker refuses while it is down.
      restarting)
        docker update --memory 4g --memory-swap 4g "$name" >/dev/null || true
        docker restart -t 1 "$name" >/dev/null || true ;;
    esac
  else
    docker rm -f "$name" >/dev/null; echo "removed the container $name, which was made by hand"
  fi
done
for id in $(docker network ls -q --filter 'name=^{network}$'); do
  managed network Labels "$id" && continue
  for member in $(docker network inspect -f '{{{{range $id, $c := .Containers}}}}{{{{$id}}}} {{{{end}}}}' "$id"); do
    docker network disconnect -f "$id" "$member"
  done
  docker network rm "$id" >/dev/null; echo "removed the network {network}, which was made by hand"
done"""


def untag(references: Sequence[str]) -> str:
    """Take the tag from every image that was not pulled from the tag's own repository; containers keep theirs."""
    return f"""set -eu
docker info >/dev/null 2>&1 || exit 0
for reference in {" ".join(references)}; do
  repository=${{reference%%@*}}; case "${{repository##*/}}" in *:*) repository=${{repository%:*}};; esac
  pulled=$(docker image inspect -f '{{{{range .RepoDigests}}}}{{{{println .}}}}{{{{end}}}}' "$reference" 2>/dev/null) || continue
  if ! printf '%s\n' "$pulled" | grep -q "^$repository@"; then
    docker rmi -f "$reference" >/dev/null; echo "untagged $reference, which was not pulled from there"
  fi
done"""


def attach(aliases: Mapping[str, Sequence[str]], network: str) -> str:
    """Put each of our containers that exists onto the network, under its names, and off every other one."""
    calls = "\n".join(
        " ".join(["join", name, *(f"--alias {alias}" for alias in given)]) for name, given in aliases.items()
    )
    return f"""set -eu
docker info >/dev/null 2>&1 || exit 0
join() {{
  name=$1; shift
  [ -n "$(docker ps -aq --filter "name=^$name\\$")" ] || return 0
  names=" $(docker inspect -f '{{{{range .NetworkSettings.Networks}}}}{{{{range .Aliases}}}}{{{{.}}}} {{{{end}}}}{{{{end}}}}' "$name")"
  for alias in "$@"; do
    # Docker gives another name only to what joins.
    case "$alias,$names" in --alias,*|*,*" $alias "*) ;; *) docker network disconnect -f {network} "$name" 2>/dev/null || true;; esac
  done
  on=" $(docker inspect -f '{{{{range $net, $c := .NetworkSettings.Networks}}}}{{{{$net}}}} {{{{end}}}}' "$name")"
  case "$on" in
    *" {network} "*) ;;
    *) docker network connect "$@" {network} "$name"; echo "$name is on {network} again" ;;
  esac
  for other in $on; do
    [ "$other" = {network} ] || docker network disconnect -f "$other" "$name"
  done
}}
{calls}"""
