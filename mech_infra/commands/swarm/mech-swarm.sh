#!/bin/sh
# The swarm's state on the data volume, and how Docker ends on the host that has the databases. Arguments: what to do.
#   state  before docker: what Docker knows of its swarm is on the volume, so that a new host that gets it manages the same one
#   still  before docker ends: the other members do not hear that it goes
#   heard  before docker starts: they hear it again
# Variables: KEPT (a folder on the volume), SWARM (where Docker has its state).
set -eu

# What the containers' network says to its members goes by 7946. One that took its leave is looked for once a minute, and no task
# elsewhere finds a database until then; one that is missed is looked for each second.
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

case $1 in
  state) state ;;
  still) gossip -I ;;
  heard) while gossip -D 2>/dev/null; do :; done ;;
esac
