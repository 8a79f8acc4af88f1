#!/bin/sh
# missing PACKAGE…: prints those that are not installed, a line each.
missing() {
  for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || echo "$package"
  done
}
