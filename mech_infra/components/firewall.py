"""UFW on the host, with the guard over Docker's published ports."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from mech_infra.commands import firewall as commands
from mech_infra.components.host import Host
from mech_infra.config.host import FirewallConfig
from mech_infra.facts.host import ufw, units


class Firewall(pulumi.ComponentResource):
    """Default deny in, the declared ports open; undone by the host itself unless a second SSH session confirms."""

    def __init__(
        self,
        name: str,
        config: FirewallConfig,
        host: Host,
        allowed: Sequence[commands.Allow],
        service_ports: str | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Firewall", name, None, opts)
        guard = commands.docker_guard(service_ports)
        mark = commands.fingerprint(allowed, guard)
        repair = host.access.sense(
            f"{name}-state",
            "firewall",
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
            commands.apply(allowed, guard, config.rollback_after_s, config.only_declared),
            parent=self,
            triggers=[host.instance.id, repair],
        )
        self.confirmed = host.access.run(
            f"{name}-confirm", commands.confirm(mark), parent=self, triggers=[applied.id], after=[applied]
        )
        self.register_outputs({"rules": [allow.rule for allow in allowed], "fingerprint": mark})
