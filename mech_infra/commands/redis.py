"""redis.conf as text, and the command that puts it in place and into a Redis that already runs."""

from __future__ import annotations

from mech_infra.commands import files
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
    """Write the file of stdin; a Redis that runs gets the settings at once, or is restarted when it refuses them."""
    wanted = "".join(f"{name}\n{value}\n" for name, value in settings(config).items())
    return f"""{files.write_files("644")}
docker ps -q --filter name='^redis$' --filter status=running 2>/dev/null | grep -q . || exit 0
wanted='{wanted}'
now() {{ docker exec redis sh -c 'for k in {" ".join(SETTINGS)}; do redis-cli config get $k; done' 2>&1 || true; }}
if [ "$(now)" = "$(printf %s "$wanted")" ]; then exit 0; fi
printf %s "$wanted" | while read -r name; do
  read -r value
  docker exec redis redis-cli config set "$name" "$value" >/dev/null </dev/null || true
done
# It refuses our password, or the change: the file has the right one, and a restart reads it. Redis saves before it ends.
if [ "$(now)" != "$(printf %s "$wanted")" ]; then docker restart -t 20 redis >/dev/null; fi"""
