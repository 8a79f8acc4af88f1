"""UFW on the host, with the guard over Docker's published ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from mech_infra.commands import firewall as commands
from mech_infra.components.edge_ranges import EdgeRanges
from mech_infra.components.host import Host
from mech_infra.config.host import FirewallConfig
from mech_infra.facts.host import ufw, units


@dataclass(frozen=True)
class FirewallArgs:
    """Which TCP ports are open on which host."""

    config: FirewallConfig
    allowed: Sequence[commands.Allow]
    service_ports: str | None  # the guide's range, where it is exposed
    host: Host
    edge: EdgeRanges | None = None  # where nobody else is let in at 80 and 443


class Firewall(pulumi.ComponentResource):
    """UFW on the host.

    Declares: default deny in, the declared ports open, Docker's published ports behind the same rules.
    Reads: UFW's files and unit, and what the kernel has; rules of others.
    Promises: nobody is locked out: the host undoes a change by itself unless a second SSH session confirms it.
    """

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Firewall", name, None, opts)
        config, host, allowed, moved = args.config, args.host, args.allowed, []
        rollback_after_s = config.rollback_after_s
        if args.edge is not None:
            allowed = [*allowed, *commands.INSIDE]
            moved = [args.edge.moved]
            # UFW takes its time for each of the many rules.
            rollback_after_s += len(allowed)
        guard = commands.docker_guard(args.service_ports)
        mark = commands.fingerprint(allowed, guard)
        repair = host.access.sense(
            f"{name}-state",
            host.titled("firewall"),
            [
                ufw.On(), units.Unit("ufw", boot_only=True), ufw.Denies(),
                *(ufw.rule(allow) for allow in allowed), ufw.DockerGuard(guard),
                *([ufw.OnlyDeclared()] if config.only_declared else []),
            ],
            watches=[ufw.foreign_rules(allowed, in_ufw=not config.only_declared)],
            parent=self,
        )  # fmt: skip
        applied = host.access.run(
            f"{name}-apply",
            commands.apply(allowed, guard, rollback_after_s, config.only_declared),
            parent=self,
            triggers=[host.instance.id, repair, *moved],
        )
        self.confirmed = host.access.run(
            f"{name}-confirm",
            commands.confirm(mark),
            parent=self,
            # Its id stays when its text alone changes; what it says does not, where it armed the roll-back.
            triggers=[applied.id, applied.stdout, *moved],
            after=[applied],
            shared=False,
        )
        self.register_outputs({"rules": [allow.rule for allow in allowed], "fingerprint": mark})
