"""What a swarm's manager knows, on the data volume: a host that is lost does not take it along."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_command as command

from mech_infra.commands import swarm as commands
from mech_infra.components.host import Host
from mech_infra.facts.host import files, units
from mech_infra.facts.host import swarm as facts


@dataclass(frozen=True)
class SwarmStateArgs:
    """Whose, and where."""

    host: Host
    volume: pulumi.Resource  # mounted there
    swarm: pulumi.Input[str]  # says when there is none


class SwarmState(pulumi.ComponentResource):
    """The folder in which Docker keeps its swarm.

    Declares: that it is on the data volume, in a folder of this fleet's own, before Docker starts.
    Reads: the unit that has it there, and whether Docker has it elsewhere.
    Promises: what is there of a fleet that is no more is used by no other one; nothing is left there when the swarm has ended.
    `kept` is to be waited for before a swarm is made.
    """

    def __init__(self, name: str, args: SwarmStateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:SwarmState", name, None, opts)
        access = args.host.access
        mark = command.local.Command(
            f"{name}-mark",
            create=commands.mark(),
            logging=command.local.Logging.NONE,
            # Another text of it must not be another fleet.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["create"]),
        ).stdout
        hashes = mark.apply(lambda fleet: {path: files.sha256(text) for path, text in commands.files(fleet).items()})
        repair = access.sense(
            f"{name}-state",
            "swarm's state",
            [
                units.Unit("mech-swarm", boot_only=True),
                *(files.File(path, mode, hashes[path]) for path, mode in commands.MODES.items()),
            ],
            watches=[facts.StateElsewhere()],
            parent=self,
        )
        made = access.run(
            f"{name}-folder",
            mark.apply(commands.keep),
            parent=self,
            triggers=[args.host.instance.id, repair, args.swarm],
            after=[args.volume],
        )
        self.kept = access.undo(f"{name}-off", commands.let_go(), parent=self, made=made)
        self.register_outputs({"path": commands.SWARM})
