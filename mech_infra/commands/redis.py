"""redis.conf as text, and the command that puts it in place and into a Redis that already runs."""

from __future__ import annotations

from mech_infra.commands import files
from mech_infra.commands.containers import DATABASE_GRACE_S
from mech_infra.commands.volume import DATA
from mech_infra.config.workloads import RedisConfig

CONFIG = "/opt/mech-services/shared/redis/redis.conf"
# What a running Redis is compared by; CONFIG SET changes each of them without a restart.
SETTINGS = ("maxmemory", "maxmemory-policy", "save", "appendonly")


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
    """The whole of redis.conf."""
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
        lines.append(f'requirepass "{password}"')
    return "\n".join(lines) + "\n"


def apply(config: RedisConfig) -> str:
    """Write the file of stdin; a Redis that runs gets the settings at once, or is restarted when it refuses them.

    Redis reads either its append-only files or its snapshot when it starts, whichever `appendonly` says, and takes a
    missing one for no data at all (Redis 7, loadDataFromDisk). So what the other one has is brought over first.
    """
    wanted = "".join(f"{name}\n{value}\n" for name, value in settings(config).items())
    bring_over = _LOG_FROM_SNAPSHOT if config.append_only else _SNAPSHOT_FROM_LOG
    return f"""{files.write_files("644")}
cd {DATA}/redis 2>/dev/null || exit 0
if ! docker ps -q --filter name='^redis$' --filter status=running 2>/dev/null | grep -q .; then
{bring_over}
  exit 0
fi
wanted='{wanted}'
now() {{ docker exec redis sh -c 'for k in {" ".join(SETTINGS)}; do redis-cli config get $k; done' 2>&1 || true; }}
if [ "$(now)" != "$(printf %s "$wanted")" ]; then
  printf %s "$wanted" | while read -r name; do
    read -r value
    docker exec redis redis-cli config set "$name" "$value" >/dev/null </dev/null || true
  done
  # It refuses our password, or the change: the file has the right one, and a restart reads it. Redis saves before it ends.
  if [ "$(now)" != "$(printf %s "$wanted")" ]; then docker restart -t {DATABASE_GRACE_S} redis >/dev/null; fi
  # The first append-only file is written in the background; until it is whole, a restart would not find all.
  for wait in $(seq 100); do
    docker exec redis redis-cli info persistence 2>/dev/null | grep -qE '^aof_rewrite_(in_progress|scheduled):1' || break
    sleep 0.3
  done
fi
{"" if config.append_only else _PUT_LOG_ASIDE}"""


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
_PUT_LOG_ASIDE = """if [ -e appendonlydir ]; then
  docker exec redis redis-cli save >/dev/null
  rm -rf appendonlydir.off
  mv appendonlydir appendonlydir.off
fi"""
