#!/bin/sh
# Why Docker does not start: prints mech-data, mech-swarm, no-folder and full, as it is the case, and what Docker said last.
systemctl is-failed -q mech-data.service && echo mech-data
systemctl is-failed -q mech-swarm.service && echo mech-swarm
{ [ -d /var/lib/docker ] && [ -w /var/lib/docker ]; } || echo no-folder
df --output=pcent /var/lib/docker 2>/dev/null | tail -n 1 | grep -q 100% && echo full
journalctl -u docker.service -n 40 -o cat --no-pager
