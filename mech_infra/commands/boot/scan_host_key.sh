#!/bin/sh
# Waits until HOST (environment, with PORT) answers with its ed25519 key; prints it as `ssh-ed25519 AAAA…`.
# Runs here, not on the host. Arguments: TIMEOUT_S.
timeout_s=$1
end=$(($(date +%s) + timeout_s))
while [ "$(date +%s)" -lt "$end" ]; do
  key=$(ssh-keyscan -T 5 -t ed25519 -p "$PORT" "$HOST" 2>/dev/null | awk '!/^#/ {print $2, $3; exit}')
  if [ -n "$key" ]; then
    echo "$key"
    exit 0
  fi
  sleep 1
done
echo "no SSH answer from $HOST port $PORT in $timeout_s s: look at the instance's console at Vultr, and at" \
  "mech:host.sshFrom, which must contain this machine's address" >&2
exit 1
