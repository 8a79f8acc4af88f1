#!/bin/sh
# Takes the tag from every image that was not pulled from the tag's own repository. Arguments: REFERENCE…
set -eu
docker info >/dev/null 2>&1 || exit 0
for reference in "$@"; do
  repository=${reference%%@*}
  case "${repository##*/}" in *:*) repository=${repository%:*} ;; esac
  pulled=$(docker image inspect -f '{{range .RepoDigests}}{{println .}}{{end}}' "$reference" 2>/dev/null) || continue
  if ! printf '%s\n' "$pulled" | grep -q "^$repository@"; then
    docker rmi -f "$reference" >/dev/null
    echo "untagged $reference, which was not pulled from there"
  fi
done
