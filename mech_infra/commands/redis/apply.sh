#!/bin/sh
# Writes the files of stdin (`wanted/…` in FOLDER); a Redis that runs gets the settings and the user at once, and keeps
# the users it has. It is restarted only when it lets us in by nothing that we know, or refuses a setting.
# Prints a word that is new each time.
# Arguments: FOLDER, DATA (Redis' own folder), GRACE_S (to end), APPEND_ONLY (yes or no), then NAME VALUE for each
# setting as CONFIG GET answers it.
set -eu
folder=$1 data=$2 grace_s=$3 append_only=$4
shift 4
. ../files/write_files.sh
. ./client.sh
. ./append_only.sh

# Both take the settings: what Redis has of them, as `declared` says them; put them into Redis.
now() {
  while [ $# -gt 0 ]; do
    echo "config get $1"
    shift 2
  done | ask login
}
change() {
  while [ $# -gt 0 ]; do
    echo "config set $1 \"$2\"" | ask login >/dev/null
    shift 2
  done
}

write_files 600
cd "$folder"
chmod 700 .
cat /proc/sys/kernel/random/uuid
if ! running redis; then
  (
    cd "$data" 2>/dev/null || exit 0
    if [ "$append_only" = yes ]; then begin_log_with_snapshot; else refuse_unread_log; fi
  )
  put_conf wanted/redis.conf
  cp wanted/login login
  exit 0
fi
ask login <wanted/grant >/dev/null
if lets_in wanted/login; then
  cp wanted/login login
  # Whoever gets in now gets in after a restart, too, until settle.sh.
  if [ -n "$(others "$(cut -d ' ' -f 2 wanted/login)")" ]; then
    grep -v '^user ' wanted/redis.conf >both
    users >>both
    put_conf both
    rm both
  else
    put_conf wanted/redis.conf
  fi
else
  put_conf wanted/redis.conf
  cp wanted/login login
  docker stop -t "$grace_s" redis >/dev/null
  (
    cd "$data"
    if [ "$append_only" = yes ]; then begin_log_with_snapshot; fi
  )
  docker start redis >/dev/null
  wait_for_redis
fi
declared=$(printf '%s\n' "$@")
if [ "$(now "$@")" != "$declared" ]; then
  change "$@"
  # It refuses the change: the file has it, and a restart reads it. Redis saves before it ends.
  if [ "$(now "$@")" != "$declared" ]; then
    docker restart -t "$grace_s" redis >/dev/null
    wait_for_redis
  fi
  # The first append-only file is written in the background; until it is whole, a restart would not find all.
  for _ in $(seq 100); do
    echo 'info persistence' | ask login | grep -qE '^aof_rewrite_(in_progress|scheduled):1' || break
    sleep 0.3
  done
fi
if [ "$append_only" = no ]; then
  cd "$data"
  put_log_aside "$folder/login"
fi
