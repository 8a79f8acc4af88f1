#!/bin/sh
# Before the container: writes the files of stdin (`wanted/…` in FOLDER), what mongod starts with, and our user into the
# MongoDB that runs, by whoever is known there. One that asks nobody goes on so until settle.sh.
# Prints a word that is new each time. Arguments: FOLDER, ASKS, OPEN (mongod's options).
set -eu
folder=$1 options=$2 open=$3
. ../files/write_files.sh
. ./client.sh

write_files 600
cd "$folder"
chmod 700 .
install -d -m 755 start
cat /proc/sys/kernel/random/uuid
if running mongodb && [ ! -e closed ]; then
  if asks_nobody; then options=$open; fi
  if let_in; then cp wanted/login.js login.js; fi
fi
put_options "$options"
