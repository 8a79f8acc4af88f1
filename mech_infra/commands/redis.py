"""redis.conf as text, and the commands that put it, and a password, into a Redis that already runs.

A password is a user of its own (commands.passwords): `apply` lets the new one in beside the former one, `settle` takes
the former one away when no service uses it any more. Who says no password may ask for a PING and nothing else, so that
the container's health check, and the guide's, need none.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mech_infra.commands import passwords
from mech_infra.commands.containers import DATABASE_GRACE_S, MANAGED, SERVICE_GRACE_S
from mech_infra.commands.script import program, room, script
from mech_infra.commands.volume import DATA

if TYPE_CHECKING:  # sensors read this module, and need no model of the config: pydantic takes a while to load
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
_ROOM = room(__file__)


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
        "redis-cli": program(_ROOM / "redis-cli.sh", REDIS_USER=user(password), REDIS_PASSWORD=password),
    }
    return {f"{FOLDER}/wanted/{name}": text for name, text in texts.items()}


def apply(config: RedisConfig) -> str:
    """Write the files of stdin; a Redis that runs gets the settings and the user at once, and keeps the users it has.

    It is restarted only when it lets us in by nothing that we know, or refuses a setting. What it has stays its own
    whichever way of keeping data is declared (redis/append_only.sh). Prints a word that is new each time.
    """
    given = [word for pair in settings(config).items() for word in pair]
    append_only = "yes" if config.append_only else "no"
    return script(_ROOM / "apply.sh", FOLDER, f"{DATA}/redis", DATABASE_GRACE_S, append_only, *given)


def settle() -> str:
    """After the services: nothing but the wanted user gets in, and whoever came in by another one is cut off."""
    return script(_ROOM / "settle.sh", FOLDER, ADDRESS, MANAGED, SERVICE_GRACE_S)
