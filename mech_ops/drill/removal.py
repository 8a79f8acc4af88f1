"""All that an exercise has at Vultr, found by the one name that it gives and taken away: no state is needed for that."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from mech_ops import api
from mech_ops.drill.place import NAME
from mech_ops.errors import OpsError

# path, key of the list, field that has the name, what stands behind it there. In this order they let go of each other.
KINDS = (
    ("instances", "instances", "label", ""),
    ("blocks", "blocks", "label", "-data"),
    ("reserved-ips", "reserved_ips", "label", ""),
    ("firewalls", "firewall_groups", "description", ""),
    ("startup-scripts", "startup_scripts", "name", ""),
    ("ssh-keys", "ssh_keys", "name", ""),
)
_LIMIT_S, _AGAIN_S = 300.0, 3.0


def remove(
    name: str, vultr: httpx.Client, limit_s: float = _LIMIT_S, pause: Callable[[float], None] = time.sleep
) -> int:
    """How many things were removed. Raises OpsError where some are left after that time; nothing else is ever touched."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name} is no exercise's name")
    gone: set[str] = set()
    end = time.monotonic() + limit_s
    while there := found(name, vultr):
        for path in there:
            # Refused while an instance that goes still holds it: the next turn tries again.
            if api.send(vultr, "DELETE", path).status_code < 300:
                gone.add(path)
        if time.monotonic() > end and (there := found(name, vultr)):
            raise OpsError(f"{len(there)} things of {name} are left at Vultr ({', '.join(there)}): mech drill --clean")
        pause(_AGAIN_S)
    return len(gone)


def found(name: str, vultr: httpx.Client) -> list[str]:
    """Paths of all that bears the name. Raises OpsError."""
    paths = []
    for path, key, field, behind in KINDS:
        listed = (api.ask(vultr, "GET", f"/{path}", {"per_page": "500"}) or {}).get(key) or []
        paths += [f"/{path}/{item['id']}" for item in listed if item.get(field) == f"{name}{behind}"]
    return paths
