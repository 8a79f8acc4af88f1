"""Alerts from the host itself: a program and its timer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from mech_infra.commands import alerts as commands
from mech_infra.components import limits
from mech_infra.components.host import Host
from mech_infra.config.alerts import AlertsConfig
from mech_infra.facts.host import files, units


@dataclass(frozen=True)
class AlertsArgs:
    """What is told, whom, of what."""

    config: AlertsConfig
    destinations: str  # secret
    declared: dict[str, Any]  # as a bundle of `mech diagnose` has it; without a secret
    hidden: Sequence[str]  # names of variables that no message may have the value of
    host: Host
    after: Sequence[pulumi.Resource]  # before all of this is there, nothing is wrong


class Alerts(pulumi.ComponentResource):
    """What looks at the host every so often and tells whoever is to know; declared only where mech:alerts.onHost says so.

    Declares: the program with what the other components declare, its destinations, its service and its timer, and that they
    go when this does; Debian's Apprise.
    Reads: package and timer; program, units and both files.
    Promises: it changes nothing on the host but its own notes; destinations stand in a file of root's alone.
    """

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Alerts", name, None, opts)
        config, host = args.config, args.host
        program, written = commands.packed(args.declared), commands.units(config.every_s)
        # What the others sense, before this one does.
        order = {
            "declared": {**args.declared, "address": host.address},
            "least": config.least,
            "hidden": list(args.hidden),
            "sensors": host.access.sensors(),
        }
        text: pulumi.Output[str] = pulumi.Output.json_dumps(order, sort_keys=True)
        declared: pulumi.Output[str] = pulumi.Output.secret(text)
        repair = host.access.sense(
            f"{name}-state",
            "alerts",
            [
                units.Package(commands.PACKAGE),
                units.Unit(commands.TIMER),
                files.File(commands.PROGRAM, "755", hashlib.sha256(program).hexdigest()),
                files.File(commands.DECLARED, "600", declared.apply(files.sha256)),
                files.file(commands.DESTINATIONS, args.destinations, "600"),
                *(files.file(path, text) for path, text in written.items()),
            ],
            secret=True,
            parent=self,
        )
        installed = host.access.run(
            f"{name}-install",
            commands.install(config.every_s),
            stdin=declared.apply(lambda text: commands.handed(program, text, args.destinations)),
            parent=self,
            triggers=[host.instance.id, repair],
            after=args.after,
            limit_s=limits.PACKAGES_LIMIT_S,
        )
        host.access.undo(f"{name}-removal", commands.remove(), parent=self, made=installed)
        self.register_outputs({"every_s": config.every_s})
