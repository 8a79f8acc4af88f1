#!/bin/sh
# Runs mech-certificate, which is there with its units, now and daily. Arguments: MECH_CERTIFICATE (its path).
set -eu
install -d -m 755 /etc/ssl/mech
systemctl daemon-reload
systemctl unmask -q mech-certificate.timer 2>/dev/null || true
systemctl enable -q --now mech-certificate.timer
"$1"
