#!/bin/sh
# Says what nginx logged, each line behind its file's name; first the host's offset from UTC, in which its errors are dated.
# Arguments: TAIL FOLLOW (yes or no). Exit code 3: there is no log.
tail=$1 follow=$2
date +%z
set -- /var/log/nginx/*.log
[ -e "$1" ] || exit 3
for file in "$@"; do
  name=${file##*/}
  if [ "$follow" = no ]; then
    tail -n "$tail" "$file" | sed -u "s/^/${name%.log} | /"
  else
    tail -n "$tail" -F "$file" 2>/dev/null | sed -u "s/^/${name%.log} | /" &
  fi
done
wait
