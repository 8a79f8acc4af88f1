#!/bin/sh
# Has the healer's timer run, now and at boot; its program and units are there. Arguments: TIMER.
set -eu
systemctl daemon-reload
systemctl unmask -q "$1" 2>/dev/null || true
systemctl enable -q "$1"
# Not only started: with another interval it must count anew.
systemctl restart "$1"
echo "heals by $1"
