#!/bin/sh
# Puts the firewall back as it was before apply.sh, which armed this. Arguments: STATE.
state=$1
tar -xf "$state/before.tar" -C /
if [ "$(cat "$state/was-active")" = yes ]; then ufw reload; else ufw --force disable; fi
rm -f "$state/applied"
date -u +%FT%TZ >"$state/rolled-back"
