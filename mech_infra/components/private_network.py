"""The private network between the hosts: a VPC of Vultr's, which outlives the fleet."""

from __future__ import annotations

from dataclasses import dataclass

import ediri_vultr as vultr
import pulumi

from mech_infra.commands import private
from mech_infra.config.host import HostConfig


@dataclass(frozen=True)
class PrivateNetworkArgs:
    """Where, and for whom."""

    config: HostConfig


class PrivateNetwork(pulumi.ComponentResource):
    """The network on which the hosts of a fleet speak to each other.

    Declares: the VPC.
    Reads: nothing of its own; the provider reads it.
    Promises: Pulumi never deletes it (retain_on_delete): Vultr deletes none that a host is on, and a host that is put onto
    one is restarted. One with our description that Vultr has and the stack does not know is adopted, so that a host that
    was in a fleet before is on it already.
    """

    def __init__(self, name: str, args: PrivateNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:PrivateNetwork", name, None, opts)
        config = args.config
        description = private.description(config.hostname)
        self.vpc = vultr.Vpc(
            f"{name}-vpc",
            region=config.region,
            description=description,
            v4_subnet=private.SUBNET,
            v4_subnet_mask=private.BITS,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True, import_=_kept(description)),
        )
        self.register_outputs({"vpc_id": self.vpc.id, "cidr": private.CIDR})


def _kept(description: str) -> str | None:
    """Id of a network with this description that Vultr has, else None."""
    try:
        found = vultr.get_vpc(filters=[vultr.GetVpcFilterArgs(name="description", values=[description])])
    except Exception as error:
        if "no results were found" in str(error).lower():
            return None
        raise
    return str(found.id)
