#!/bin/sh
# After the services: no user of ours but the wanted one is there, and MongoDB asks for it.
# Arguments: FOLDER, ADDRESS (of MongoDB in the services' URLs), LABEL (of our containers), SERVICE_GRACE_S,
# ASKS (mongod's options), GRACE_S (to end).
set -eu
folder=$1 address=$2 label=$3 service_grace_s=$4 asks=$5 grace_s=$6
umask 077
. ./client.sh

cd "$folder"
name=$(wanted_user)
stop_former "$label" MONGODB_URI "$address" "$service_grace_s" "$name:"
running mongodb || exit 0
drop_former "$name" login.js
if asks_nobody; then restart "$asks" "$grace_s"; fi
if asks_nobody; then
  fail "MongoDB does not ask for mech:MONGODB_PASSWORD: see \`docker logs mongodb\`, then pulumi up again"
fi
lets_in login.js || unclear
