#!/bin/sh
# How root on the host speaks to the Redis that runs, in the folder with its files. A password goes in by stdin, as the
# first line; what Redis says to it is the first line, too, and not shown.
. ../database/database.sh

# What somebody without a password may do: PING in mech_infra/commands/redis.py.
ping='-@all +ping'

# ask LOGIN: stdin's commands, after those of the file LOGIN if it is there.
ask() {
  cat "$1" - 2>/dev/null |
    docker exec -i redis redis-cli 2>/dev/null |
    if [ -e "$1" ]; then tail -n +2; else cat; fi
}

lets_in() {
  case "$(echo 'config get maxmemory' | cat "$1" - | docker exec -i redis redis-cli 2>/dev/null)" in
    WRONGPASS* | NOAUTH*) return 1 ;;
    *maxmemory*) return 0 ;;
    *) return 1 ;;
  esac
}

wait_for_redis() {
  wait_for 120 "Redis was restarted with its new settings and does not answer: see \`docker logs redis\`" lets_in login
}

users() { echo 'acl list' | ask login | grep '^user ' || true; }

# others NAME: the users that let somebody in, beside the wanted one.
others() {
  anybody=$(printf %s "$ping" | sed 's/+/[+]/g')
  users | grep -vE "^user ($1 |default .*nopass.*$anybody\$)" | grep -E "^user (default|$our_user) " || true
}

put_conf() {
  install -m 644 "$1" redis.conf.new
  mv -f redis.conf.new redis.conf
}
