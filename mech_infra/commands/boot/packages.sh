#!/bin/sh
# missing PACKAGE…: prints those that are not installed, a line each; one that was unpacked and no more is not.
missing() {
  for package in "$@"; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: .* installed$' || echo "$package"
  done
}

# Also after one that was cut short. -o waits for dpkg's lock; nothing waits for that of the lists.
try_install() {
  dpkg --configure -a &&
    apt-get update -q &&
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=60 "$@"
}

# install_missing LIMIT_S PACKAGE…: what is missing of them. Another apt is waited for, LIMIT_S seconds at most (a new host's
# unattended-upgrades holds its locks for minutes); what fails otherwise is tried five times.
install_missing() {
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C
  tries=5 end=$(($(date +%s) + $1))
  shift
  while wanted=$(missing "$@") && [ -n "$wanted" ]; do
    # shellcheck disable=SC2086 # a package a word
    said=$(try_install $wanted 2>&1) || true
    echo "$said"
    [ -n "$(missing "$@")" ] || return 0
    case $said in
      *"ould not get lock"* | *"locked by another process"*) ;;
      *) tries=$((tries - 1)) ;;
    esac
    if [ "$tries" -eq 0 ] || [ "$(date +%s)" -ge "$end" ]; then
      # shellcheck disable=SC2086 # a line
      echo "not installed:" $wanted "($(echo "$said" | grep '^E: \|error' | tail -n 1))" >&2
      return 1
    fi
    sleep 10
  done
}
