#!/bin/sh
# Who shall be drained, or is no member any more, gives its tasks away first: another one is well before the one there ends.
# A manager that is no member any more is a worker afterwards, so that the others are the majority.
# Arguments: NAME=ROLE=AVAILABILITY for each member.
set -eu
. ./listing.sh
wanted=" $* "

# give_away ID: a rule that only this node breaks moves its tasks, as an update moves them; when it takes none, the rule goes.
give_away() {
  rule="node.id!=$1"
  services=$(docker node ps -q --filter desired-state=running "$1" | while read -r task; do docker inspect -f '{{.ServiceID}}' "$task"; done | sort -u)
  # All at once: each waits until its new task is well, and for a while longer.
  moving=
  for service in $services; do
    timeout 240 docker service update --quiet --constraint-add "$rule" "$service" >/dev/null </dev/null &
    moving="$moving $!"
  done
  for each in $moving; do wait "$each"; done
  docker node update --availability drain "$1" >/dev/null
  for service in $services; do docker service update --quiet --detach --constraint-rm "$rule" "$service" >/dev/null </dev/null; done
}

known | while read -r id name role availability state; do
  case $wanted in
    *" $name="*"=active "*) [ "$(echo "$wanted" | tr ' ' '\n' | sed -n "s/^$name=[a-z]*=//p")" = drain ] || continue ;;
  esac
  if [ "$availability" != drain ] && [ "$state" = ready ]; then give_away "$id" </dev/null; fi
  case $wanted in
    *" $name="*) ;;
    *) [ "$role" = worker ] || docker node demote "$id" >/dev/null ;;
  esac
done
echo "as wanted"
