#!/bin/sh
# Has its mount namespace see a resolver, a bundle of CAs and an .ssh in place of the machine's, then becomes COMMAND.
# Arguments: RESOLV_CONF BUNDLE MACHINES_BUNDLE SSH MACHINES_SSH COMMAND….
set -eu
resolv=$1 bundle=$2 machines_bundle=$3 ssh=$4 machines_ssh=$5
shift 5
mount --make-rprivate /
mount --bind "$resolv" "$(readlink -f /etc/resolv.conf)"
[ ! -e "$machines_bundle" ] || mount --bind "$bundle" "$(readlink -f "$machines_bundle")"
mount --bind "$ssh" "$machines_ssh"
exec "$@"
