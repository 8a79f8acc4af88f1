"""The healer on the host: a program and its timer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from mech_infra.commands import heal as commands
from mech_infra.components.host import Host
from mech_infra.config.heal import HealConfig
from mech_infra.facts.host import files, units
from mech_infra.heal import orders, program


@dataclass(frozen=True)
class HealingArgs:
    """Whom it heals, within which limits."""

    config: HealConfig
    containers: Mapping[str, str]  # by name its service, empty for a database
    hosts: Mapping[str, str]  # by service the name that visitors ask for
    encrypted: bool  # how the edge comes
    host: Host
    after: Sequence[pulumi.Resource]  # before all of this is there, nothing is ill


class Healing(pulumi.ComponentResource):
    """What restarts ill containers by itself (mech_infra.heal); declared only where mech:heal.enabled says so.

    Declares: the program with what it is told, its service and its timer, and that they go when this does.
    Reads: the timer; program and units.
    Promises: it touches no container that is healthy, not ours, or in the middle of a rollout, and no data.
    """

    def __init__(self, name: str, args: HealingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Healing", name, None, opts)
        config, host = args.config, args.host
        text = program.text(orders.order(args.containers, args.hosts, args.encrypted, config))
        written = commands.files(text, config.interval_s)
        repair = host.access.sense(
            f"{name}-state",
            "healer",
            [
                units.Unit(commands.TIMER),
                *(files.file(path, content, commands.MODES[path]) for path, content in written.items()),
            ],
            parent=self,
        )
        installed = host.access.run(
            f"{name}-install",
            commands.install(text, config.interval_s),
            parent=self,
            triggers=[host.instance.id, repair],
            after=args.after,
        )
        host.access.undo(f"{name}-removal", commands.remove(), parent=self, made=installed)
        self.register_outputs({"interval_s": config.interval_s})
