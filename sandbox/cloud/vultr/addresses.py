"""Which addresses of the sandbox's /24 are given out: .100–.199 to instances, .200–.249 as reserved IPs."""

from __future__ import annotations

from sandbox.cloud.store import Store
from sandbox.settings import Settings

from .api import VultrError

INSTANCES, RESERVED = range(100, 200), range(200, 250)


def free_instance(store: Store, settings: Settings) -> str:
    """The lowest free address. Raises VultrError where none is left."""
    used = {record.get("_address") for record in store.all("instance")}
    return _first(settings, INSTANCES, used, "instances")


def free_reserved(store: Store, settings: Settings) -> str:
    used = {record["subnet"] for record in store.all("reserved_ip")}
    # An instance keeps its address when the reserved IP is deleted under it.
    used |= {record.get("_address") for record in store.all("instance")}
    return _first(settings, RESERVED, used, "reserved IPs")


def _first(settings: Settings, numbers: range, used: set[str | None], what: str) -> str:
    for number in numbers:
        if settings.address(number) not in used:
            return settings.address(number)
    raise VultrError(400, f"No IPv4 addresses are available: the sandbox holds {len(numbers)} for {what}.")
