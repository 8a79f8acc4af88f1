#!/bin/sh
# Runs in the new system, as root, after its packages are configured. Arguments: the units that no host has.
set -eu
systemctl disable --quiet docker.service docker.socket containerd.service nginx.service ufw.service
systemctl mask --quiet "$@"
systemctl set-default --quiet multi-user.target
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id /etc/hostname /etc/resolv.conf
: >/etc/machine-id
: >/etc/fstab
cat >/etc/ssh/sshd_config.d/10-sandbox.conf <<'END'
PermitRootLogin yes
PasswordAuthentication yes
UsePAM no
UseDNS no
END
printf '# no mirror is reachable from a host in the sandbox\n' >/etc/apt/sources.list
rm -rf /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/99mmdebstrap /var/lib/apt/lists/* /var/cache/apt/*
rm -rf /var/cache/debconf/*-old /var/log/*.log /var/log/apt /usr/share/locale/*/LC_MESSAGES
mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial /var/lib/docker
