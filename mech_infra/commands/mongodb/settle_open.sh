#!/bin/sh
# After the services, where no password is declared: no user of ours is there.
# Arguments: FOLDER, ADDRESS (of MongoDB in the services' URLs), LABEL (of our containers), SERVICE_GRACE_S.
set -eu
folder=$1 address=$2 label=$3 service_grace_s=$4
. ./client.sh

mkdir -p "$folder"
cd "$folder"
stop_former "$label" MONGODB_URI "$address" "$service_grace_s" "$address"
if running mongodb; then drop_former ''; fi
rm -rf login.js wanted
