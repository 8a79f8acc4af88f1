"""redis.conf as text, and the commands that put it, and a password, into a Redis that already runs.

A password is a user of its own (commands.passwords): `apply` lets the new one in beside the former one, `settle` takes
the former one away when no service uses it any more. Who says no password may ask for a PING and nothing else, so that
the container's health check, and the guide's, need none.
"""

from __future__ import annotations

import hashlib
import shlex

from mech_infra.commands import files, passwords
from mech_infra.commands.containers import DATABASE_GRACE_S
from mech_infra.commands.volume import DATA
from mech_infra.config.workloads import RedisConfig

ADDRESS = "redis:6379"
FOLDER = "/opt/mech-services/shared/redis"
CONFIG = f"{FOLDER}/redis.conf"
# The line that lets root on the host in: what `apply`, `settle` and the drift probe say first.
LOGIN = f"{FOLDER}/login"
# What a running Redis is compared by; CONFIG SET changes each of them without a restart.
SETTINGS = ("maxmemory", "maxmemory-policy", "save", "appendonly")
# Users as rules; where there is no password, Redis' own default stays: `default` may do all.
ALL, PING = "~* &* +@all", "-@all +ping"


def settings(config: RedisConfig) -> dict[str, str]:
    """SETTINGS as `CONFIG GET` answers them: bytes for memory."""
    return {
        # Under the container's limit, so Redis refuses writes before it is killed.
        "maxmemory": str(config.memory_mb * 3 // 4 * 2**20),
        # Jobs are not a cache: none is thrown away to make room.
        "maxmemory-policy": "noeviction",
        "save": config.save,
        "appendonly": "yes" if config.append_only else "no",
    }


def render(config: RedisConfig, password: str) -> str:
    """The whole of redis.conf. Of a password it has the hash, which any character goes into."""
    lines = [
        "bind 0.0.0.0",
        # Only mech-network reaches it; without this, Redis answers nobody but itself when it has no password.
        "protected-mode no",
        "dir /data",
        f"maxmemory {config.memory_mb * 3 // 4}mb",
        "maxmemory-policy noeviction",
        f"save {config.save}" if config.save else 'save ""',
        f"appendonly {'yes' if config.append_only else 'no'}",
    ]
    if password:
        lines += [f"user default on nopass {PING}", f"user {user(password)} on #{digest(password)} {ALL}"]
    return "\n".join(lines) + "\n"


def user(password: str) -> str:
    """Who the services are to Redis: "" for nobody in particular, as where no password is declared."""
    return passwords.user("redis", password) if password else ""


def digest(password: str) -> str:
    """A password as Redis keeps it."""
    return hashlib.sha256(password.encode()).hexdigest()


def url(password: str) -> str:
    return f"redis://{user(password)}:{passwords.in_url(password)}@{ADDRESS}" if password else f"redis://{ADDRESS}"


def wanted(config: RedisConfig, password: str) -> dict[str, str]:
    """The files that `apply` is given: path to text."""
    # Redis takes any word for the password of a user that has none.
    login = f"AUTH {user(password) or 'default'} {passwords.in_redis(password)}\n"
    grant = f"{user(password)} reset on #{digest(password)} {ALL}" if password else f"default reset on nopass {ALL}"
    texts = {
        "redis.conf": render(config, password),
        "login": login,
        "grant": f"acl setuser {grant}\n",
        "redis-cli": _client(password),
    }
    return {f"{FOLDER}/wanted/{name}": text for name, text in texts.items()}


def apply(config: RedisConfig) -> str:
    """Write the files of stdin; a Redis that runs gets the settings and the user at once, and keeps the users it has.

    It is restarted only when it lets us in by nothing that we know, or refuses a setting. It reads either its append-only
    files or its snapshot when it starts, whichever `appendonly` says, and takes a missing one for no data at all (Redis 7,
    loadDataFromDisk). So what the other one has is brought over first. Prints a word that is new each time.
    """
    given = "".join(f"{name}\n{value}\n" for name, value in settings(config).items())
    bring_over = _LOG_FROM_SNAPSHOT if config.append_only else _SNAPSHOT_FROM_LOG
    return f"""{files.write_files("600")}
cd {FOLDER}
chmod 700 .
cat /proc/sys/kernel/random/uuid
{_SHELL}
if ! running; then
  (
    cd {DATA}/redis 2>/dev/null || exit 0
{bring_over}
  )
  put_conf wanted/redis.conf
  cp wanted/login login
  exit 0
fi
ask login < wanted/grant >/dev/null
if lets_in wanted/login; then
  cp wanted/login login
  # Whoever gets in now gets in after a restart, too, until `settle`.
  if [ -n "$(others)" ]; then
    {{ grep -v '^user ' wanted/redis.conf; users; }} > both
    put_conf both
    rm both
  else
    put_conf wanted/redis.conf
  fi
else
  put_conf wanted/redis.conf
  cp wanted/login login
  (
    docker stop -t {DATABASE_GRACE_S} redis >/dev/null
    cd {DATA}/redis
{_LOG_FROM_SNAPSHOT if config.append_only else ""}
  )
  docker start redis >/dev/null
  wait_for_it
fi
given='{given}'
now() {{ for one in {" ".join(SETTINGS)}; do echo "config get $one"; done | ask login; }}
if [ "$(now)" != "$(printf %s "$given")" ]; then
  printf %s "$given" | while read -r name; do
    read -r value
    echo "config set $name \\"$value\\"" | ask login >/dev/null
  done
  # It refuses the change: the file has it, and a restart reads it. Redis saves before it ends.
  if [ "$(now)" != "$(printf %s "$given")" ]; then
    docker restart -t {DATABASE_GRACE_S} redis >/dev/null
    wait_for_it
  fi
  # The first append-only file is written in the background; until it is whole, a restart would not find all.
  for wait in $(seq 100); do
    echo 'info persistence' | ask login | grep -qE '^aof_rewrite_(in_progress|scheduled):1' || break
    sleep 0.3
  done
fi
{"" if config.append_only else _PUT_LOG_ASIDE}"""


def settle() -> str:
    """After the services: nothing but the wanted user gets in, and whoever came in by another one is cut off."""
    return f"""set -eu
umask 077
cd {FOLDER}
{_SHELL}
{passwords.stop_former("REDIS_URL", ADDRESS)}
if [ "$name" = default ]; then stop_former {ADDRESS}; else stop_former "$name:"; fi
if running; then
  users | while read -r _ user rules; do
    case "$user" in
      "$name") ;;
      default) case "$rules" in *nopass*'{PING}') ;; *) printf 'acl setuser default reset on nopass {PING}\\nclient kill user default\\n' ;; esac ;;
      mech-????????) echo "acl deluser $user" ;;
    esac
  done | ask login >/dev/null
  if [ -n "$(others)" ]; then
    echo "Redis still takes another password than mech:REDIS_PASSWORD: see \\`docker logs redis\\`, then pulumi up again" >&2
    exit 1
  fi
  docker exec -i redis sh -c 'umask 077 && mkdir -p /usr/local/sbin && cat > /usr/local/sbin/redis-cli.new &&
    chmod 700 /usr/local/sbin/redis-cli.new && mv -f /usr/local/sbin/redis-cli.new /usr/local/sbin/redis-cli' < wanted/redis-cli ||
    echo "the guide's docker exec redis redis-cli is not let in: nobody may write into this image"
fi
put_conf wanted/redis.conf"""


# The password goes in by stdin; what AUTH says is the first line, and not shown.
_SHELL = f"""running() {{ docker ps -q --filter name='^redis$' --filter status=running 2>/dev/null | grep -q .; }}
put_conf() {{
  install -m 644 "$1" redis.conf.new
  mv -f redis.conf.new redis.conf
}}
ask() {{ {{ cat "$1" 2>/dev/null || true; cat; }} | docker exec -i redis redis-cli 2>/dev/null | if [ -e "$1" ]; then tail -n +2; else cat; fi; }}
lets_in() {{
  case "$({{ cat "$1"; echo 'config get maxmemory'; }} | docker exec -i redis redis-cli 2>/dev/null)" in
    WRONGPASS*|NOAUTH*) return 1 ;;
    *maxmemory*) return 0 ;;
    *) return 1 ;;
  esac
}}
wait_for_it() {{
  for wait in $(seq 120); do
    if lets_in login; then return 0; fi
    sleep 0.5
  done
  echo "Redis was restarted with its new settings and does not answer: see \\`docker logs redis\\`" >&2
  exit 1
}}
name=$(cut -d ' ' -f 2 wanted/login)
users() {{ echo 'acl list' | ask login | grep '^user ' || true; }}
others() {{ users | grep -vE "^user ($name |default .*nopass.*{PING.replace("+", "[+]")}$)" | grep -E '^user (default|{passwords.USER}) ' || true; }}"""


def _client(password: str) -> str:
    """Stands before the container's own redis-cli, so that the guide's `docker exec redis redis-cli …` is let in."""
    login = f"export REDISCLI_AUTH={shlex.quote(password)}\nset -- --user {user(password)}" if password else (
        "unset REDISCLI_AUTH\nset --"
    )  # fmt: skip
    return f"""#!/bin/sh
# Written by Pulumi (mech_infra/commands/redis.py).
for real in /usr/local/bin/redis-cli /usr/bin/redis-cli; do [ -x "$real" ] && break; done
for word in "$@"; do
  case "$word" in -a|-u|--user|--pass|--askpass) exec "$real" "$@" ;; esac
done
{login} "$@"
exec "$real" "$@"
"""


# A manifest that names the snapshot as the base of an append-only file that is empty so far (Redis 7's own form).
_LOG_FROM_SNAPSHOT = """  if [ -s dump.rdb ] && [ ! -e appendonlydir/appendonly.aof.manifest ]; then
    mkdir -p appendonlydir.new
    cp -p dump.rdb appendonlydir.new/appendonly.aof.1.base.rdb
    echo 'file appendonly.aof.1.base.rdb seq 1 type b' > appendonlydir.new/appendonly.aof.manifest
    chown -R --reference=dump.rdb appendonlydir.new
    rm -rf appendonlydir
    mv appendonlydir.new appendonlydir
    echo "the append-only file begins with the snapshot"
  fi"""
_SNAPSHOT_FROM_LOG = """  if [ -e appendonlydir/appendonly.aof.manifest ]; then
    echo "Redis does not run, and its newest data are in its append-only file, which appendOnly: false would not read: \
let it start once with mech:datastores.redis.appendOnly true, then set it to false" >&2
    exit 1
  fi"""
# Left there, it would be read as the newest data when appendOnly is switched on again with Redis down; also one that was
# switched off by hand. Put aside and not removed: a Redis that had to be restarted for it may have newer data there.
_PUT_LOG_ASIDE = f"""cd {DATA}/redis
if [ -e appendonlydir ]; then
  echo save | ask {LOGIN} >/dev/null
  rm -rf appendonlydir.off
  mv appendonlydir appendonlydir.off
fi"""
