#!/bin/sh
# Makes ROOT the root of all and becomes systemd. Arguments: ROOT.
set -eu
cd "$1"
mkdir -p .old
pivot_root . .old
umount -l /.old
rmdir /.old || true
exec env -i container=docker PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  /lib/systemd/systemd --show-status=no --log-level=warning
