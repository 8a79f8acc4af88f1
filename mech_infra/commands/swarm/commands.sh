#!/bin/sh
# What each image runs, as a line of JSON: [its name, its entrypoint, its command]. Arguments: REFERENCE…
set -eu
for reference in "$@"; do
  docker image inspect -f "[\"$reference\", {{json .Config.Entrypoint}}, {{json .Config.Cmd}}]" "$reference"
done
