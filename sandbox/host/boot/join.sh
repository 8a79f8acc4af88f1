#!/bin/sh
# Joins control groups, then becomes COMMAND. Arguments: CGROUP_PROCS… -- COMMAND….
set -eu
while [ "$1" != -- ]; do
  echo 0 >"$1"
  shift
done
shift
exec "$@"
