#!/bin/sh
# For a worker whose manager has another address than the one that it knows.

# Takes the rules away that `follow` made.
# shellcheck disable=SC2016 # another shell's
forget_rules='iptables -w 5 -t nat -S OUTPUT | sed -n "s/^-A \(.*--comment mech-follow .*\)/-D \1/p" |
  while read -r rule; do iptables -w 5 -t nat $rule; done'

# managers: where it looks for them, a word each.
managers() { docker info -f '{{range .Swarm.RemoteManagers}}{{.Addr}} {{end}}'; }

# knows ADDRESS: one of them is there.
knows() { case " $(managers) " in *" $1:2377 "*) return 0 ;; *) return 1 ;; esac }

# follow ADDRESS, FOR_S: has it find the manager there while its tasks go on; to leave and join anew would end them. What it sends
# to where a manager was goes there, until it has heard by that where the manager is. Fails when it does not within a minute.
follow() {
  if knows "$1"; then return 0; fi
  sh -c "$forget_rules"
  for old in $(managers); do
    iptables -w 5 -t nat -I OUTPUT -d "${old%:*}" -p tcp -m multiport --dports 2377,7946 -m comment --comment mech-follow \
      -j DNAT --to-destination "$1"
  done
  # The containers' network looks for the manager, too, once a minute at least, and says nothing of it.
  systemd-run -q --on-active="$2" sh -c "$forget_rules"
  for _ in $(seq 60); do
    if knows "$1"; then return 0; fi
    sleep 1
  done
  return 1
}
