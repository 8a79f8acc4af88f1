#!/bin/sh
# nginx asks the members declared, and nobody beside them any more (see widen.sh). Arguments: BESIDE.
set -eu
if [ -z "$(ls "$1" 2>/dev/null)" ]; then
  echo "nobody else is asked"
  exit 0
fi
# Before anything is taken away: the next run would find nothing left to do.
nginx -t -q
rm -f "$1"/*
systemctl reload-or-restart nginx
echo reloaded
