#!/bin/sh
# Takes the alerts' program away. Arguments: TIMER, PROGRAM, FOLDER, UNIT…
set -eu
timer=$1 program=$2 folder=$3
shift 3
systemctl disable -q --now "$timer" 2>/dev/null || true
rm -rf "$program" "$folder" "$@"
systemctl daemon-reload
echo removed
