#!/bin/sh
# Takes the backup's program, secrets and notes away; the repository stays, and so do all snapshots. A run that is under way
# is ended, and takes what it left in scratch with it. Arguments: PROGRAM, FOLDER, STATE, UNIT…
set -eu
program=$1 folder=$2 state=$3
shift 3
systemctl disable -q --now mech-backup.timer mech-backup-proof.timer 2>/dev/null || true
systemctl stop mech-backup.service mech-backup-proof.service 2>/dev/null || true
for unit in "$@"; do rm -f "/etc/systemd/system/$unit"; done
rm -rf "$program" "$folder" "$state" /var/cache/mech-backup
systemctl daemon-reload
echo removed
