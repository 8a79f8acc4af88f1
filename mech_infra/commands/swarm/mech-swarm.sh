#!/bin/sh
# The swarm's state on the data volume, and how Docker starts and ends on the host that has the databases. Arguments: what to do.
#   state  before docker: what Docker knows of its swarm is on the volume, so that a new host that gets it manages the same one
#   still  before docker ends and while it starts: the other members do not hear it
#   heard  once its containers have started: they do
#   found  after that: tasks there find the databases
# Variables: KEPT (a folder on the volume), SWARM (where Docker has its state), NETWORK, DATABASES (NAME=ALIAS,ALIAS… for each).
set -eu

# What the containers' network says to its members goes by 7946. One that took its leave is looked for once a minute, and no task
# elsewhere finds a database until then; one that is missed is looked for each second. Who finds it before its containers are on the
# network may keep it from starting them for half a minute.
gossip() {
  for kind in udp tcp; do
    iptables -w 5 "$1" OUTPUT -p "$kind" -m multiport --ports 7946 -m comment --comment mech-swarm -j DROP
  done
}

state() {
  mountpoint -q "$SWARM" && exit 0
  install -d -m 700 "${KEPT%/*}" "$KEPT" "$SWARM"
  # A swarm that was made before its state was kept there.
  if [ -e "$SWARM/docker-state.json" ] && ! [ -e "$KEPT/docker-state.json" ]; then
    rm -rf "$KEPT.new"
    cp -a "$SWARM" "$KEPT.new"
    rm -rf "$KEPT"
    mv "$KEPT.new" "$KEPT"
    sync
  fi
  mount --bind "$KEPT" "$SWARM"
}

# onto NAME ALIAS…: a container onto the network, under its names; tried for some seconds.
onto() {
  name=$1
  for alias in "$@"; do set -- "$@" --alias "$alias"; done
  while [ "$1" != --alias ]; do shift; done
  for _ in 1 2 3 4 5; do
    if docker network connect "$@" "$NETWORK" "$name"; then return 0; fi
    sleep 1
  done
}

# What was on the network before the others were, they are told within half a minute, and a task whose check fails for so long is
# ended. What comes onto it they are told at once.
found() {
  for _ in $(seq 30); do
    if [ "$(docker network inspect -f '{{len .Peers}}' "$NETWORK")" -gt 1 ]; then
      for each in $DATABASES; do
        docker network disconnect "$NETWORK" "${each%%=*}" || continue
        # shellcheck disable=SC2046 # an alias a word
        onto "${each%%=*}" $(echo "${each#*=}" | tr , ' ')
      done
      return 0
    fi
    sleep 1
  done
}

case $1 in
  state) state ;;
  still) gossip -I ;;
  heard)
    while gossip -D 2>/dev/null; do :; done
    systemd-run -q --collect "$0" found
    ;;
  found) found ;;
esac
