#!/bin/sh
# How root on the host speaks to the MongoDB that runs, in the folder with its files. Scripts for mongosh are a call a
# line, and go in by stdin: no password stands in a command line.
. ../database/database.sh

# call FILE…: runs stdin after these files; fails as its first line that fails.
call() { cat "$@" - | timeout 60 docker exec -i mongodb mongosh --quiet admin --file /dev/stdin 2>/dev/null; }

lets_in() { call "$1" </dev/null >/dev/null; }

refuses() {
  timeout 60 docker exec -i mongodb mongosh --quiet admin --file /dev/stdin <"$1" 2>&1 | grep -q 'Authentication failed'
}

unclear() { fail "MongoDB does not take mech:MONGODB_PASSWORD: see \`docker logs mongodb\`, then pulumi up again"; }

asks_nobody() { echo 'db.adminCommand({"usersInfo": 1})' | call >/dev/null; }

answers() { echo 'db.adminCommand({"ping": 1})' | call >/dev/null; }

wait_for_mongodb() {
  wait_for 60 "MongoDB does not answer its own mongosh: see \`docker logs mongodb\`, then pulumi up again" answers
}

# The user that is wanted, nothing where none is.
wanted_user() { grep -oE "$our_user" wanted/login.js 2>/dev/null || true; }

# drop USER FILE…: by who logs in with these files.
drop() {
  former=$1
  shift
  echo "db.adminCommand({\"dropUser\": \"$former\"})" | call "$@" >/dev/null
}

# make_user FILE…: the wanted one, by who logs in with these files.
make_user() {
  drop "$(wanted_user)" "$@" || true
  call "$@" <wanted/user.js >/dev/null
}

let_in() {
  if lets_in wanted/login.js; then return 0; fi
  # Who we were, whom the container was made with, or nobody: where it asks nobody, or has no user yet.
  for known in login.js wanted/env.js; do
    if [ -e "$known" ] && lets_in "$known" && make_user "$known"; then return 0; fi
  done
  make_user
}

# drop_former USER FILE…: all users of ours but USER. `mech` was made by the image of stacks of before.
drop_former() {
  kept=$1
  shift
  echo 'printjson(db.adminCommand({"usersInfo": 1}))' | call "$@" | grep -oE "user: '(mech|$our_user)'" | cut -d "'" -f 2 |
    while read -r one; do
      [ "$one" = "$kept" ] || drop "$one" "$@"
    done
}

# put_options OPTIONS: what mongod starts with, from the next start on.
put_options() {
  echo "$1" >start/options.new
  chmod 644 start/options.new
  mv -f start/options.new start/options
}

# restart OPTIONS GRACE_S
restart() {
  put_options "$1"
  docker restart -t "$2" mongodb >/dev/null
  wait_for_mongodb
}
