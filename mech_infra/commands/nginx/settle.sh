#!/bin/sh
# nginx asks the members declared, and nobody beside them any more (see widen.sh). Arguments: BESIDE.
set -eu
if [ -z "$(ls "$1" 2>/dev/null)" ]; then
  echo "nobody else is asked"
  exit 0
fi
rm -f "$1"/*
nginx -t 2>/dev/null && systemctl reload-or-restart nginx
echo reloaded
