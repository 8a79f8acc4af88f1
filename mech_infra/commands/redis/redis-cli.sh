#!/bin/sh
# Written by Pulumi (mech_infra/commands/redis.py): stands before the container's own redis-cli, so that the guide's
# `docker exec redis redis-cli …` is let in. REDIS_USER is empty where no password is declared.
for real in /usr/local/bin/redis-cli /usr/bin/redis-cli; do [ -x "$real" ] && break; done
for word in "$@"; do
  case "$word" in -a | -u | --user | --pass | --askpass) exec "$real" "$@" ;; esac
done
if [ -z "$REDIS_USER" ]; then
  unset REDISCLI_AUTH
  exec "$real" "$@"
fi
export REDISCLI_AUTH="$REDIS_PASSWORD"
exec "$real" --user "$REDIS_USER" "$@"
