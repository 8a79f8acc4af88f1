#!/bin/sh
# What makes a new host usable: packages and folders. Arguments: LIMIT_S (to wait for another apt), PACKAGE…
# The file READY is made at its end; wait_ready.sh looks for it. Runs again until then, also after a reboot (its unit).
set -eu
. ./packages.sh
# Where Debian's package would put its welcome page, which a visitor of a new host took for a service's answer (200).
install -d /etc/nginx/sites-enabled
rm -f /etc/nginx/sites-enabled/default
: >/etc/nginx/sites-enabled/default
install_missing "$@"
install -d -m 755 /opt/mech-services /opt/mech-services/shared /opt/mech-services/shared/data
install -d -m 700 /var/lib/mech
systemctl enable --now docker.service nginx.service
date -u +%FT%TZ >"$READY"
systemctl disable -q mech-boot.service
