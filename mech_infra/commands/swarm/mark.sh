#!/bin/sh
# Prints a name that no other fleet has. Runs here, not on a host.
set -eu
od -An -N8 -tx1 /dev/urandom | tr -d ' \n'
