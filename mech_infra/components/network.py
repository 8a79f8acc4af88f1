"""mech-network: where the containers find each other by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_docker as docker

from mech_infra import catalogue
from mech_infra.commands import containers as commands
from mech_infra.components import limits
from mech_infra.components.host import Host
from mech_infra.facts.host import access
from mech_infra.facts.host import docker as facts


class Network(pulumi.ComponentResource):
    """A user-defined bridge; only on such does Docker answer names (guide, Issue 2).

    `aliases` are the containers that belong on it, each with the names it answers to. The Docker provider sees a
    container leave the network by its ports only (findings §7), and cannot make what stands there by hand under our
    names: so names and membership have a sensor of their own. After `cleared` nothing stands there by hand; `joined` is
    to be waited for before a container is made.
    """

    def __init__(
        self,
        name: str,
        host: Host,
        provider: docker.Provider,
        aliases: Mapping[str, Sequence[str]],
        ports: Mapping[int, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Network", name, None, opts)
        repair = host.access.sense(
            f"{name}-members",
            "docker",
            [
                facts.Network(catalogue.NETWORK_NAME),
                *(facts.Container(name, catalogue.NETWORK_NAME, list(given)) for name, given in aliases.items()),
            ],
            watches=[
                facts.ForeignContainers(),
                facts.ForeignNetworks(),
                facts.IllContainers(),
                access.foreign_listeners(ports),
            ],
            parent=self,
        )
        self.cleared = host.access.run(
            f"{name}-names",
            commands.clear_names(list(aliases), catalogue.NETWORK_NAME),
            parent=self,
            triggers=[host.instance.id, repair],
        )
        self.network = docker.Network(
            f"{name}-bridge",
            name=catalogue.NETWORK_NAME,
            driver="bridge",
            labels=[
                # A rebuilt host has no network: the label makes Pulumi create it anew there.
                docker.NetworkLabelArgs(label="mech.host", value=host.instance.id),
                docker.NetworkLabelArgs(label=commands.MANAGED, value="pulumi"),
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=provider,
                delete_before_replace=True,
                depends_on=[self.cleared],
                custom_timeouts=limits.within(limits.NETWORK_LIMIT_S),
            ),
        )
        self.joined = host.access.run(
            f"{name}-join",
            commands.attach(aliases, catalogue.NETWORK_NAME),
            parent=self,
            triggers=[self.network.id, repair],
        )
        self.register_outputs({"name": self.network.name})
