#!/bin/sh
# Unmounts the volume, also a stale one, on which something still holds a file open. Arguments: DATA.
while mountpoint -q "$1"; do
  umount "$1" 2>/dev/null || umount -l "$1" || exit 1
done
