"""mech-network: where the containers find each other by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from mech_infra import catalogue
from mech_infra.commands import containers as commands
from mech_infra.commands import swarm
from mech_infra.components import limits
from mech_infra.components.host import Host
from mech_infra.facts.host import access
from mech_infra.facts.host import docker as facts


@dataclass(frozen=True)
class NetworkArgs:
    """Who is on the network, and what of the host's ports is ours."""

    aliases: Mapping[str, Sequence[str]]  # the containers that belong on it, with the names that each answers to
    ports: Mapping[int, str]  # ours on the host, each with the process that listens there
    host: Host
    provider: docker.Provider
    between: str | None = None  # a network between hosts, where the databases alone are containers here
    crossing: bool = False  # between one host and a fleet: who is looked for changes, and nothing is to be put right


class Network(pulumi.ComponentResource):
    """mech-network, a user-defined bridge: only on such does Docker answer names (guide, Issue 2).

    Declares: the bridge, and who is on it under which names.
    Reads: both, which the Docker provider sees by ports only (findings §7); containers and networks of others, and who else
    listens on our ports.
    Promises: after `cleared` nothing stands by hand under our names; `joined` is to be waited for before a container is made.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Network", name, None, opts)
        host, provider, aliases, ports = args.host, args.provider, args.aliases, args.ports
        repair = host.access.sense(
            f"{name}-members",
            "docker",
            [
                facts.Network(catalogue.NETWORK_NAME),
                *(
                    facts.Container(name, catalogue.NETWORK_NAME, list(given), args.between)
                    for name, given in aliases.items()
                    if not args.between or name in catalogue.DATABASES
                ),
            ],
            watches=[
                facts.ForeignContainers(),
                facts.ForeignNetworks(),
                facts.IllContainers(),
                access.foreign_listeners(ports),
            ],
            parent=self,
            calm=args.crossing,
        )
        self.repair = repair
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
            # The same text alone and in a fleet, so that it does not run again in between.
            commands.attach(aliases, catalogue.NETWORK_NAME, swarm.NETWORK),
            parent=self,
            triggers=[self.network.id, repair],
        )
        self.register_outputs({"name": self.network.name})
