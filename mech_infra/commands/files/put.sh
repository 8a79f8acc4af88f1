#!/bin/sh
# put PATH MODE: stdin as a file of root's.
set -eu
put() {
  mkdir -p "$(dirname "$1")"
  cat >"$1.new"
  chown root:root "$1.new"
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
}
