#!/bin/sh
# Waits until an interface has ADDRESS, which Vultr gave the host on the private network. Arguments: ADDRESS, TIMEOUT_S.
set -eu
address=$1 timeout_s=$2
if [ -z "$address" ]; then
  echo "Vultr gave the host no address on the private network: look at its settings (VPC) at my.vultr.com, then run pulumi up" \
    "again" >&2
  exit 1
fi
end=$(($(date +%s) + timeout_s))
while [ "$(date +%s)" -lt "$end" ]; do
  if ip -4 -o addr show | grep -qF " $address/"; then
    echo "has $address"
    exit 0
  fi
  sleep 0.5
done
echo "no interface of the host has $address, its address on the private network, after $timeout_s s: restart it at" \
  "my.vultr.com, which has its system configure the interface, then run pulumi up again" >&2
exit 1
