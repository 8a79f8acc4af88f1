"""All facts of a host in one SSH trip; the sensors of one engine operation share it."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mech_infra import catalogue
from mech_infra.commands import boot, mongodb, nginx, redis, rollout
from mech_infra.commands.ssh import options
from mech_infra.commands.volume import DATA

PROBE = Path(__file__).with_name("probe.py")
# The engine asks all sensors within seconds; the plugin's process lives for one operation, `up` has two.
_FRESH_S = 30
_TRIP_S = 60
# What the probe reads, by the paths and names that the platform uses.
WANT: dict[str, Any] = {
    "files": [
        f"{catalogue.SERVICES_ROOT}/*/.env", redis.CONFIG, "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*",
        nginx.LOGROTATE, nginx.KEY, f"{nginx.FLAGS}/*", rollout.PROGRAM, "/usr/local/sbin/mech-*", "/etc/systemd/system/mech-*",
        "/etc/systemd/system/docker.service.d/10-mech-data.conf",
    ],
    "units": ["docker.service", "nginx.service", "ufw.service", "ssh.service", "mech-data.service",
              "mech-certificate.timer"],
    "packages": list(boot.PACKAGES),
    "redis": list(redis.SETTINGS),
    "redis_login": redis.LOGIN,
    "rdb": [f"{DATA}/redis/dump.rdb", f"{DATA}/redis/appendonlydir/*.rdb"],
    "mongodb_login": mongodb.LOGIN,
    "mongodb_users": mongodb.USERS,
    "certificate": nginx.CERTIFICATE,
    "config": nginx.CONFIG,
    "key": nginx.KEY,
    "space": ["/", "/var/lib/docker", DATA],
    # The guide's places ("Disk Space Issues"), and where Docker keeps what containers print.
    "logs": ["/var/log/**", f"{catalogue.SERVICES_ROOT}/*/logs/**", "/var/lib/docker/containers/*/*-json.log*"],
    "large_log": 110_000_000,  # bytes; logrotate's maxsize is 100M and looked at once a day
}  # fmt: skip


class Unreachable(Exception):
    """The host, or the probe on it, did not answer; the text says how. `told` is for who has told the user."""

    told = False


def command(access: Mapping[str, str]) -> list[str]:
    """argv of the trip; the probe goes in by standard input. No secret stands in it."""
    remote = f"python3 - {shlex.quote(json.dumps(WANT))}"
    return [
        "ssh",
        *options(access["identity"], access["host"], access["host_key"]),
        "-T",
        f"root@{access['host']}",
        remote,
    ]


_cache: dict[str, tuple[float, dict[str, Any] | Unreachable]] = {}
_lock = threading.Lock()


def facts(access: Mapping[str, str]) -> dict[str, Any]:
    """The host's facts, read now or some seconds ago by another sensor. Raises Unreachable."""
    with _lock:  # the others wait for the first one's trip
        at, found = _cache.get(access["host"], (0.0, Unreachable("not asked")))
        if not at or time.monotonic() - at > _FRESH_S:
            try:
                found = _fetch(access)
            except Unreachable as error:
                found = error
            _cache[access["host"]] = (time.monotonic(), found)
    if isinstance(found, Unreachable):
        raise found
    return found


def _fetch(access: Mapping[str, str]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            command(access), input=PROBE.read_bytes(), capture_output=True, timeout=_TRIP_S, check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unreachable(f"no answer within {_TRIP_S} s") from None
    match = re.search(rb"^MECH-FACTS (\S+)$", done.stdout, re.M)
    if not match:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["no output"]
        raise Unreachable(said[-1])
    found: dict[str, Any] = json.loads(base64.b64decode(match.group(1)))
    return found
