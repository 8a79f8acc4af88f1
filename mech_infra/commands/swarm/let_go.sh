#!/bin/sh
# The swarm has ended: its state is on the data volume no more. Arguments: KEPT, SWARM, FILE… (mech-swarm and its unit).
set -eu
kept=$1 swarm=$2
shift 2
systemctl disable -q mech-swarm.service 2>/dev/null || true
! mountpoint -q "$swarm" || umount "$swarm" || umount -l "$swarm"
rm -f "$@"
rm -rf "${kept%/*}"
systemctl daemon-reload
# Only now: docker, which required it, would have been stopped with it.
systemctl stop mech-swarm.service 2>/dev/null || true
