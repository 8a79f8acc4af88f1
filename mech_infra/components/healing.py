"""The healer on the host: a program and its timer."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_command as command

from mech_infra.commands import heal as commands
from mech_infra.commands import ssh
from mech_infra.components import limits
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
        self._removal(f"{name}-removal", host, installed)
        self.register_outputs({"interval_s": config.interval_s})

    def _removal(self, name: str, host: Host, installed: pulumi.Resource) -> None:
        """Deletes what `installed` made. One of its own: that one is replaced at each repair, old after new."""
        access = host.access
        away = pulumi.Output.all(access.address, access.host_key).apply(
            lambda both: shlex.join([*ssh.interpreter(access.identity, both[0], both[1]), commands.remove()])
        )
        command.local.Command(
            name,
            create=":",
            # A host that is lost cannot be asked, and has nothing on it.
            delete=away.apply(lambda line: f"{line} || [ $? = {ssh.FAILED} ]"),
            logging=command.local.Logging.NONE,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[installed], custom_timeouts=limits.within(limits.COMMAND_LIMIT_S)
            ),
        )
