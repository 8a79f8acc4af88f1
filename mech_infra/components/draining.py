"""Between one host and a fleet, and where a host goes: what nginx took before is answered before anything of that is taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from mech_infra.commands import nginx
from mech_infra.components.host import Host
from mech_infra.config.fleet import Member


@dataclass(frozen=True)
class DrainingArgs:
    """On which hosts, and for how long."""

    hosts: Mapping[Member, Host]
    most_s: int
    proxies: Sequence[pulumi.Resource]  # nginx on each of them passes to the tasks
    serving: Sequence[pulumi.Resource]  # the tasks
    entering: bool  # until now the services ran on the first host alone


class Draining(pulumi.ComponentResource):
    """What is under way in nginx on the hosts of a fleet, when it is made of one host, or ends, or a host of it goes.

    Declares: a wait when the first host's nginx has gone over to the tasks, and one for each host before they, or it, go.
    Reads: nothing.
    Promises: requests, streams and uploads that take no longer than `most_s` are answered by whom nginx passed them to. In its
    last phase the engine takes things away in the order in which they were not made: the records of a host that goes, which wait
    for `leaving`, then these, then tasks and hosts.
    """

    def __init__(self, name: str, args: DrainingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Draining", name, None, opts)
        first, *_ = args.hosts.values()
        if args.entering:
            pulumi.log.info(told("a fleet", "the containers of one host", args.most_s), self)
        entered = first.access.run(
            f"{name}-entered",
            nginx.drain(args.most_s, leaves=False),
            parent=self,
            after=args.proxies,
            told=True,
        )
        if args.entering:
            # What it printed last; in an `up` that is no crossing it is not news.
            entered.stdout.apply(lambda said: pulumi.log.warn(said.splitlines()[-1], self) if "cut" in said else None)
        self.leaving: list[pulumi.Resource] = [
            host.access.undo(
                f"{name}-left{member.mark and '-'}{member.mark}",
                nginx.drain(args.most_s, leaves=not member.first),
                parent=self,
                # The same for each, or the engine ends one wait before it begins the next.
                made=args.proxies[0],
                before=[*args.proxies, *args.serving],
                told=True,
            )
            for member, host in args.hosts.items()
        ]
        self.register_outputs({})


def told(to: str, what: str, most_s: int) -> str:
    """For the plan of a crossing."""
    return (
        f"to {to}: {what} go when what nginx has passed to them is answered, uploads, too, or after {most_s} s "
        "(mech:rollout.drainS)"
    )
