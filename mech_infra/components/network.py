"""mech-network: where the containers find each other by name."""

from __future__ import annotations

import pulumi
import pulumi_docker as docker

from mech_infra import catalogue


class Network(pulumi.ComponentResource):
    """A user-defined bridge; only on such does Docker answer names (guide, Issue 2)."""

    def __init__(
        self,
        name: str,
        provider: docker.Provider,
        host_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Network", name, None, opts)
        self.network = docker.Network(
            f"{name}-bridge",
            name=catalogue.NETWORK_NAME,
            driver="bridge",
            # A rebuilt host has no network: the label makes Pulumi create it anew there.
            labels=[docker.NetworkLabelArgs(label="mech.host", value=host_id)],
            opts=pulumi.ResourceOptions(parent=self, provider=provider, delete_before_replace=True),
        )
        self.register_outputs({"name": self.network.name})
