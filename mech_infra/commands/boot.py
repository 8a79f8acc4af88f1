"""What a new host runs first, and how we wait for it."""

from __future__ import annotations

READY = "/var/lib/mech/ready"
PACKAGES = ("docker.io", "nginx", "ufw", "openssl", "logrotate", "ca-certificates", "curl")


def startup_script() -> str:
    """The Vultr start-up script: packages and directories; ends by leaving READY, which `wait_ready` looks for."""
    return f"""#!/bin/sh
set -eu
export DEBIAN_FRONTEND=noninteractive
missing=
for package in {" ".join(PACKAGES)}; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
  for attempt in 1 2 3 4 5; do
    apt-get update && apt-get install -y --no-install-recommends $missing && break
    [ "$attempt" -lt 5 ] || exit 1
    sleep 10
  done
fi
install -d -m 755 /opt/mech-services /opt/mech-services/shared /opt/mech-services/shared/data
install -d -m 700 /var/lib/mech
systemctl enable --now docker.service nginx.service
date -u +%FT%TZ > {READY}
"""


UNITS = ("docker", "ssh")  # nginx is the proxy's, UFW the firewall's


def converge() -> str:
    """Packages and units as the start-up script left them; it runs once in a host's life, this whenever they drift."""
    return f"""set -eu
export DEBIAN_FRONTEND=noninteractive
missing=
for package in {" ".join(PACKAGES)}; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then apt-get update -q && apt-get install -y -q --no-install-recommends $missing; fi
for unit in {" ".join(UNITS)}; do
  systemctl unmask -q "$unit.service" 2>/dev/null || true
  systemctl enable -q "$unit.service" 2>/dev/null || true
  systemctl start "$unit.service"
done
echo converged"""


def scan_host_key(timeout_s: int) -> str:
    """A local loop until $HOST answers with its ed25519 key; prints the key as `ssh-ed25519 AAAA…`.

    Trust on first use: the key is kept in the stack's state and verified by every later connection.
    """
    return f"""end=$(($(date +%s) + {timeout_s}))
while [ "$(date +%s)" -lt "$end" ]; do
  key=$(ssh-keyscan -T 5 -t ed25519 -p "$PORT" "$HOST" 2>/dev/null | awk '!/^#/ {{print $2, $3; exit}}')
  if [ -n "$key" ]; then echo "$key"; exit 0; fi
  sleep 1
done
echo "no SSH answer from $HOST port $PORT in {timeout_s} s: look at the instance's console at Vultr, and at \
mech:host.sshFrom, which must contain this machine's address" >&2
exit 1"""


def wait_ready(timeout_s: int) -> str:
    """On the host: wait until the start-up script is through and docker and nginx are active."""
    return f"""end=$(($(date +%s) + {timeout_s}))
while [ "$(date +%s)" -lt "$end" ]; do
  if [ -e {READY} ] && docker version >/dev/null 2>&1 && systemctl is-active --quiet nginx; then echo ready; exit 0; fi
  sleep 0.5
done
echo "the start-up script did not finish in {timeout_s} s; on the host read: journalctl -b, /tmp/firstboot.log" >&2
exit 1"""
