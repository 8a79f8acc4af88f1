#!/bin/sh
# What the commands of both databases share.

# Every name that passwords.user gives; nobody else's.
# shellcheck disable=SC2034 # for who sources this
our_user='mech-[0-9a-f]{8}'

# running NAME: its container runs.
running() { docker ps -q --filter name="^$1\$" --filter status=running 2>/dev/null | grep -q .; }

# wait_for TIMES SENTENCE COMMAND…: until it succeeds, asked every half second; else ends with the sentence.
wait_for() {
  times=$1 sentence=$2
  shift 2
  for _ in $(seq "$times"); do
    if "$@"; then return 0; fi
    sleep 0.5
  done
  fail "$sentence"
}

fail() {
  echo "$1" >&2
  exit 1
}

# stop_former LABEL VARIABLE ADDRESS GRACE_S WANTED: ends, with grace, what still runs with another one of our users in
# VARIABLE. LABEL: of our containers. WANTED: how the wanted URL begins behind its scheme. A service that is given a URL
# of its own is left alone.
stop_former() {
  for id in $(docker ps -q --filter label="$1"); do
    url=$(docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' "$id" | sed -n "s|^$2=[a-z]*://||p")
    case "$url" in
      "$5"*) ;;
      mech-????????:*@"$3"* | mech:*@"$3"* | :*@"$3"* | "$3"*) echo "$id" ;;
    esac
  done | xargs -r docker stop -t "$4" >/dev/null
}
