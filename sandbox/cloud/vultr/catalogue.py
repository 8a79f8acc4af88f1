"""What Vultr offers: regions, plans and operating systems, as /v2/regions, /v2/plans and /v2/os list them.

Ids, sizes and prices: Vultr's public price list (a selection). Sizes: MB of RAM, GB of disk, GB of traffic a month.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

DEBIAN_12 = 2136


def _region(id: str, city: str, country: str, continent: str) -> Json:
    options = ["ddos_protection", "block_storage_high_perf", "block_storage_storage_opt"]
    return {"id": id, "city": city, "country": country, "continent": continent, "options": options}


REGIONS: list[Json] = [
    _region("ams", "Amsterdam", "NL", "Europe"),
    _region("atl", "Atlanta", "US", "North America"),
    _region("cdg", "Paris", "FR", "Europe"),
    _region("dfw", "Dallas", "US", "North America"),
    _region("ewr", "New Jersey", "US", "North America"),
    _region("fra", "Frankfurt", "DE", "Europe"),
    _region("lax", "Los Angeles", "US", "North America"),
    _region("lhr", "London", "GB", "Europe"),
    _region("nrt", "Tokyo", "JP", "Asia"),
    _region("ord", "Chicago", "US", "North America"),
    _region("sea", "Seattle", "US", "North America"),
    _region("sgp", "Singapore", "SG", "Asia"),
    _region("sto", "Stockholm", "SE", "Europe"),
    _region("syd", "Sydney", "AU", "Australia"),
]


def without_blocks(region: Json) -> Json:
    """The same region, as one that sells no block storage."""
    return {**region, "options": [option for option in region["options"] if not option.startswith("block_storage")]}


# What a user may be granted (OpenAPI text, account.acls); the sandbox's owner may all.
ACLS = [
    "manage_users", "subscriptions_view", "subscriptions", "billing", "support", "provisioning", "dns", "abuse",
    "upgrade", "firewall", "alerts", "objstore", "loadbalancer",
]  # fmt: skip


def _plan(id: str, cpus: int, ram: int, disk: int, traffic: int, cost: float) -> Json:
    return {
        "id": id, "vcpu_count": cpus, "ram": ram, "disk": disk, "disk_count": 1, "bandwidth": traffic,
        "monthly_cost": cost, "type": id.partition("-")[0], "locations": [r["id"] for r in REGIONS],
    }  # fmt: skip


PLANS: list[Json] = [
    _plan("vc2-1c-1gb", 1, 1024, 25, 1024, 5),
    _plan("vc2-1c-2gb", 1, 2048, 55, 2048, 10),
    _plan("vc2-2c-2gb", 2, 2048, 65, 3072, 15),
    _plan("vc2-2c-4gb", 2, 4096, 80, 3072, 20),
    _plan("vc2-4c-8gb", 4, 8192, 160, 4096, 40),
    _plan("vc2-6c-16gb", 6, 16384, 320, 5120, 80),
    _plan("vc2-8c-32gb", 8, 32768, 640, 6144, 160),
    _plan("vc2-16c-64gb", 16, 65536, 1280, 10240, 320),
    _plan("vhf-1c-1gb", 1, 1024, 32, 1024, 6),
    _plan("vhf-2c-4gb", 2, 4096, 128, 3072, 24),
    _plan("vhf-4c-16gb", 4, 16384, 384, 5120, 96),
    _plan("vhp-2c-4gb-amd", 2, 4096, 100, 5120, 24),
    _plan("vhp-4c-8gb-amd", 4, 8192, 180, 6144, 48),
]

SYSTEMS: list[Json] = [
    {"id": id, "name": name, "arch": "x64", "family": family}
    for id, name, family in (
        (477, "Debian 11 x64 (bullseye)", "debian"),
        (DEBIAN_12, "Debian 12 x64 (bookworm)", "debian"),
        (2625, "Debian 13 x64 (trixie)", "debian"),
        (1743, "Ubuntu 22.04 LTS x64", "ubuntu"),
        (2284, "Ubuntu 24.04 LTS x64", "ubuntu"),
    )
]


def find(items: list[Json], id: object) -> Json | None:
    """The item with this id, else None."""
    return next((item for item in items if item["id"] == id), None)
