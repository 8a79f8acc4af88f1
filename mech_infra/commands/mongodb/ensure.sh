#!/bin/sh
# After the container: our user gets in. Prints a word that is new each time.
# Where nobody who is known may make it, MongoDB is restarted for itself alone, asking nobody, and given it.
# Arguments: FOLDER, ASKS, CLOSED (mongod's options), GRACE_S (to end).
set -eu
folder=$1 asks=$2 closed=$3 grace_s=$4
umask 077
. ./client.sh

cd "$folder"
cat /proc/sys/kernel/random/uuid
wait_for_mongodb
if [ ! -e closed ] && ! let_in && ! refuses wanted/login.js; then unclear; fi
if [ -e closed ] || ! lets_in wanted/login.js; then
  : >closed
  restart "$closed" "$grace_s"
  make_user
  restart "$asks" "$grace_s"
  lets_in wanted/login.js || unclear
  rm closed
fi
cp wanted/login.js login.js
