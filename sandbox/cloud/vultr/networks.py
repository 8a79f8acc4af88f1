"""VPCs as records: a new one, an instance's ports in them, what a request changes in these.

Source: Vultr's OpenAPI text (vultr/vultr-java): five a region, one region each, RFC 1918 ranges, `v4_subnet` and its mask
only together, `attach_vpc` before `enable_vpc`. The sentence of a limit reached, and addresses in order from .3 on, are
from public notes of people who measured it; which range Vultr chooses itself is not known (PARITY.md).
"""

from __future__ import annotations

import ipaddress
import secrets
import uuid
from collections.abc import Iterator

from sandbox.cloud.store import Json, Store
from sandbox.host.model import Port

from . import catalogue
from .api import VultrError, field, now, strings

MAX_A_REGION = 5
MISSING = "Invalid VPC ID"  # terraform-provider-vultr looks for it
_PRIVATE = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_SANDBOXES = ipaddress.IPv4Network("10.77.0.0/16")
_FIRST = 3  # the first address that an instance gets


def new_vpc(store: Store, data: Json) -> Json:
    """A VPC's record, kept. Raises VultrError 400. Call it inside a transaction."""
    region = field(data, "region", str, required=True)
    if catalogue.find(catalogue.REGIONS, region) is None:
        raise VultrError(400, "Invalid region.")
    others = store.all("vpc")
    if sum(vpc["region"] == region for vpc in others) >= MAX_A_REGION:
        raise VultrError(400, "You have reached the maximum number of VPC networks in this region.")
    # govultr sends "" and 0 for what is not given.
    subnet, size = field(data, "v4_subnet", str, ""), field(data, "v4_subnet_mask", int, 0)
    if bool(subnet) != bool(size):
        raise VultrError(400, "Invalid v4_subnet: v4_subnet and v4_subnet_mask are required together.")
    net = _given(subnet, size) if subnet else _chosen(others)
    record = {
        "id": str(uuid.uuid4()), "region": region, "description": field(data, "description", str, ""),
        "v4_subnet": str(net.network_address), "v4_subnet_mask": net.prefixlen, "date_created": now(),
    }  # fmt: skip
    return store.put("vpc", record["id"], record)


def _given(subnet: str, size: int) -> ipaddress.IPv4Network:
    try:
        net = ipaddress.IPv4Network(f"{subnet}/{size}")
    except ValueError:
        raise VultrError(400, f"Invalid v4_subnet: {subnet}/{size} is not an IPv4 network.") from None
    if not any(net.subnet_of(private) for private in _PRIVATE) or net.prefixlen > 29:
        raise VultrError(400, "Invalid v4_subnet: must be a private range (RFC 1918) of at most 29 bits.")
    if net.overlaps(_SANDBOXES):
        # Saying yes would cut the hosts off: they have their main addresses there.
        raise VultrError(
            400, f"The sandbox's hosts have their main addresses in {_SANDBOXES}: choose another v4_subnet."
        )
    return net


def _chosen(others: list[Json]) -> ipaddress.IPv4Network:
    taken = [network(vpc) for vpc in others]
    free = (net for net in (ipaddress.IPv4Network(f"10.{n}.96.0/20") for n in range(1, 77)))
    return next(net for net in free if not any(net.overlaps(other) for other in taken))


def network(vpc: Json) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(f"{vpc['v4_subnet']}/{vpc['v4_subnet_mask']}")


def ports(instance: Json) -> list[Port]:
    """An instance's ports, in the order in which it was attached."""
    return [Port(**port) for port in instance.get("_ports", [])]


def members(store: Store, vpc: str) -> list[Json]:
    """The instances that are attached to a VPC."""
    return [instance for instance in store.all("instance") if any(port.vpc == vpc for port in ports(instance))]


def changes(store: Store, data: Json, instance: Json) -> Json:
    """What attach_vpc, detach_vpc and enable_vpc change in an instance's record. Raises VultrError 400.

    Call it inside a transaction: it takes addresses, and makes the VPC that enable_vpc asks for where there is none.
    """
    if strings(data, "attach_vpc2"):
        raise VultrError(400, "Invalid attach_vpc2: VPC 2.0 is no longer supported: use attach_vpc.")
    wanted, gone = strings(data, "attach_vpc") or [], strings(data, "detach_vpc") or []
    if not wanted and field(data, "enable_vpc", bool, False):
        wanted = [_of_region(store, instance["region"])]
    present = instance.get("_ports", [])
    left = [port for port in present if port["vpc"] not in gone]
    for id in wanted:
        if all(port["vpc"] != id for port in left):
            left.append(_port(store, id, instance, left))
    if left == present:
        return {}
    return {"_ports": left, "internal_ip": left[0]["address"] if left else ""}


def _of_region(store: Store, region: str) -> str:
    found = [vpc["id"] for vpc in store.all("vpc") if vpc["region"] == region]
    if len(found) > 1:
        raise VultrError(400, "Invalid enable_vpc: there are several VPCs in this region: use attach_vpc.")
    return str(found[0] if found else new_vpc(store, {"region": region})["id"])


def _port(store: Store, id: str, instance: Json, others: list[Json]) -> Json:
    vpc = store.get("vpc", id)
    if vpc is None:
        raise VultrError(400, MISSING)
    if vpc["region"] != instance["region"]:
        raise VultrError(400, "VPC is not in the instance's region.")
    used = {port.address for member in members(store, id) for port in ports(member) if port.vpc == id}
    address = next((text for text in _addresses(vpc) if text not in used), None)
    if address is None:
        raise VultrError(400, "No IPv4 addresses are available in this VPC.")
    names = {port["interface"] for port in others}
    return {
        "vpc": id, "interface": next(name for n in range(1, 99) if (name := f"eth{n}") not in names),
        "address": address, "size": vpc["v4_subnet_mask"], "mac": f"5a:{secrets.token_bytes(5).hex(':')}",
    }  # fmt: skip


def _addresses(vpc: Json) -> Iterator[str]:
    net = network(vpc)
    return (str(net.network_address + n) for n in range(_FIRST, net.num_addresses - 1))
