#!/bin/sh
# Installs the files of stdin as apply.sh does, and has nginx go on asking, beside the members declared, those whom it asks now,
# or, where it asks none yet, all of the swarm: a member that goes has tasks until they are well elsewhere (see settle.sh).
# Arguments: CONFIG, LOGROTATE, LABEL as apply.sh's, BESIDE (a folder of which each upstream NAME includes NAME.*).
# Standard input: the swarm's addresses in a line, then as apply.sh's.
set -eu
read -r swarm
given=$(cat)

# members FILE...: `UPSTREAM ADDRESS:PORT` of each server; in BESIDE a file has its upstream's name.
members() {
  awk '
    FNR == 1 { pool = FILENAME; sub(/.*\//, "", pool); sub(/\..*/, "", pool); pool = "mech_" pool }
    $1 == "upstream" { pool = $2 }
    $1 == "server" && /;$/ { sub(/;$/, "", $2); print pool, $2 }' "$@"
}

mkdir -p "$4"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/beside"
echo "$given" | awk -v path="$1" '$1 == path { print $2 }' | base64 -d >"$stage/config"
members "$stage/config" | sort -u >"$stage/declared"
for file in "$1" "$4"/*; do if [ -e "$file" ]; then members "$file"; fi; done | grep '^mech_[a-z]* 10\.' | sort -u >"$stage/asked"
if ! [ -s "$stage/asked" ]; then
  while read -r pool place; do
    for address in $swarm; do echo "$pool $address:${place##*:}"; done
  done <"$stage/declared" | sort -u >"$stage/asked"
fi
comm -23 "$stage/asked" "$stage/declared" | while read -r pool place; do
  echo "server $place max_fails=0;" >>"$stage/beside/${pool#mech_}.servers"
done
if ! diff -r "$stage/beside" "$4" >/dev/null; then
  rm -f "$4"/*
  for file in "$stage"/beside/*; do if [ -e "$file" ]; then cp "$file" "$4"; fi; done
  if [ -e "$1" ]; then touch "$1"; fi
fi
rm -rf "$stage"
exec <<END
$given
END
. ./apply.sh
