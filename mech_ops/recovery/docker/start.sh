#!/bin/sh
# Starts Docker. Arguments: ANSWER_S (within which it must answer; 0: is not asked).
# Failed too often, systemd wants to be told before it tries again.
systemctl unmask -q docker.service docker.socket
systemctl reset-failed docker.service docker.socket 2>/dev/null
systemctl start docker.service || exit
[ "$1" -eq 0 ] || timeout -k 1 "$1" docker version >/dev/null
