#!/bin/sh
# After the services: nothing but the wanted user gets in, and whoever came in by another one is cut off.
# Arguments: FOLDER, ADDRESS (of Redis in the services' URLs), LABEL (of our containers), GRACE_S (for a service to end).
set -eu
folder=$1 address=$2 label=$3 grace_s=$4
umask 077
. ./client.sh

cd "$folder"
name=$(cut -d ' ' -f 2 wanted/login)
if [ "$name" = default ]; then wanted=$address; else wanted=$name:; fi
stop_former "$label" REDIS_URL "$address" "$grace_s" "$wanted"
if running redis; then
  users | while read -r _ user rules; do
    case "$user" in
      "$name") ;;
      default)
        case "$rules" in
          *nopass*"$ping") ;;
          *) printf 'acl setuser default reset on nopass %s\nclient kill user default\n' "$ping" ;;
        esac
        ;;
      mech-????????) echo "acl deluser $user" ;;
    esac
  done | ask login >/dev/null
  if [ -n "$(others "$name")" ]; then
    fail "Redis still takes another password than mech:REDIS_PASSWORD: see \`docker logs redis\`, then pulumi up again"
  fi
  docker exec -i redis sh -c 'umask 077 && mkdir -p /usr/local/sbin && cat > /usr/local/sbin/redis-cli.new &&
    chmod 700 /usr/local/sbin/redis-cli.new && mv -f /usr/local/sbin/redis-cli.new /usr/local/sbin/redis-cli' <wanted/redis-cli ||
    echo "the guide's docker exec redis redis-cli is not let in: nobody may write into this image"
fi
put_conf wanted/redis.conf
