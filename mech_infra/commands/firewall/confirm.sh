#!/bin/sh
# Keeps what apply.sh did, in a new SSH session, whose coming in is the proof. Fails when it was rolled back.
# Arguments: STATE, MARK.
set -eu
state=$1 mark=$2
systemctl stop mech-firewall-rollback.timer 2>/dev/null || true
if [ -e "$state/rolled-back" ] || [ "$(cat "$state/applied" 2>/dev/null)" != "$mark" ]; then
  echo "the firewall change was rolled back on the host before a new SSH session got in. The old rules are in force." \
    "Check mech:host.sshFrom and mech:firewall.rollbackAfterS, then run pulumi up again." >&2
  rm -f "$state/applied"
  exit 1
fi
echo "confirmed $mark"
