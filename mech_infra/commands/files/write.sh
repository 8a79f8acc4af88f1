#!/bin/sh
# Writes the files of stdin. Arguments: MODE.
set -eu
. ./write_files.sh
write_files "$1"
