#!/bin/sh
# Takes the healer away. A run that is under way comes to its end. Arguments: TIMER, PATH…
set -eu
systemctl disable -q --now "$1" 2>/dev/null || true
shift
rm -f "$@"
systemctl daemon-reload
echo "heals no more"
