"""The swarm that the hosts of a fleet are, and the network on which its containers find each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from mech_infra import catalogue
from mech_infra.commands import containers as containers_commands
from mech_infra.commands import swarm as commands
from mech_infra.components import limits
from mech_infra.components.host import Host
from mech_infra.components.swarm_state import SwarmState, SwarmStateArgs
from mech_infra.config.fleet import Member
from mech_infra.facts.host import files, ufw
from mech_infra.facts.host import swarm as facts


@dataclass(frozen=True)
class SwarmArgs:
    """Which hosts, of which the first manages it."""

    hosts: Mapping[Member, Host]
    encrypted: bool
    provider: docker.Provider  # Docker on the first one
    ready: Sequence[pulumi.Resource]  # each host's firewall
    volume: pulumi.Resource  # mounted on the first one


class Swarm(pulumi.ComponentResource):
    """Docker's swarm over the hosts.

    Declares: the rules between members, the swarm, who is in it with which role, the network between them.
    Reads: these; nodes and services of others, tasks that do not run.
    `addresses` are those of all nodes on the private network, also of members that go.
    Promises: after `ready` every member that is not drained takes tasks. Who goes is known no more by the manager, and the
    swarm ends with the first host; until then nothing of it is taken away from who still runs a task. One manager that is lost
    and made anew manages the same swarm, and no task ends for that.
    """

    def __init__(self, name: str, args: SwarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Swarm", name, None, opts)
        self._name, self._args = name, args
        self._first, self._members = next(iter(args.hosts.values())), list(args.hosts)
        let_in = [self._rules(member, host) for member, host in args.hosts.items()]
        managers = {member.name: member.manager for member in self._members}
        self._words = managers, [member.name for member in self._members if member.drained]
        private = self._first.private
        repair = self._first.access.sense(
            f"{name}-state",
            "swarm",
            [
                facts.Managing(private),
                *(
                    facts.Member(one.name, "manager" if one.manager else "worker", "drain" if one.drained else "active")
                    for one in self._members
                ),
            ],
            watches=[facts.ForeignMembers(list(managers)), facts.ForeignServices(), facts.MissingTasks()],
            parent=self,
        )
        self._repair = repair
        state = SwarmState(
            f"{name}-kept",
            SwarmStateArgs(self._first, args.volume, repair),
            pulumi.ResourceOptions(parent=self),
        )
        alone = sum(managers.values()) == 1
        init = self._first.access.run(
            f"{name}-init",
            private.apply(lambda address: commands.init(address, args.encrypted, alone)),
            parent=self,
            triggers=[self._first.instance.id, repair],
            after=[*let_in, state.kept],
        )
        ends = self._first.access.undo(f"{name}-end", commands.leave(), parent=self, made=init)
        # Who joins again, since its command is another one or the first host is, is told by who is known then.
        again = [self._first.instance.id, private, files.sha256(commands.join("", "", args.encrypted))]
        self._known = self._first.access.run(
            f"{name}-tokens",
            commands.tokens(),
            parent=self,
            triggers=[init.stdout, repair, *again],
            after=[ends],
            secret=True,
        )
        joined: list[pulumi.Resource] = []
        for member, host in args.hosts.items():
            if not member.first:
                # Of two managers that join at once one may be refused, tries again as another node, and the first try stays.
                joined.append(self._join(member, host, joined[-1:] if member.manager else []))
        nodes = self._first.access.run(
            f"{name}-nodes",
            commands.nodes(*self._words),
            parent=self,
            triggers=[repair, *(host.instance.id for host in args.hosts.values())],
            after=[self._known, *joined],
        )
        self.network = docker.Network(
            f"{name}-network",
            name=commands.NETWORK,
            driver="overlay",
            attachable=True,
            options=commands.network_options(args.encrypted),
            labels=[
                docker.NetworkLabelArgs(label="mech.encrypted", value=str(args.encrypted).lower()),
                docker.NetworkLabelArgs(label=containers_commands.MANAGED, value="pulumi"),
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                delete_before_replace=True,
                # Docker notes there which VXLAN it is; what is ours of them stands in the label.
                ignore_changes=["options"],
                depends_on=[nodes],
                custom_timeouts=limits.within(limits.NETWORK_LIMIT_S),
            ),
        )
        self.ready: list[pulumi.Resource] = [nodes, self.network]
        self.addresses = nodes.stdout.apply(str.split)
        self.register_outputs({"members": sorted(managers)})

    def databases(self, ids: Sequence[pulumi.Input[str]], repair: pulumi.Input[str]) -> None:
        """Put the databases, which are there, onto the network, so that tasks find them; `repair` says when they lost it."""
        joined = self._first.access.run(
            f"{self._name}-databases",
            commands.join_databases(commands.NETWORK, catalogue.DATABASES),
            parent=self,
            triggers=[self.network.id, *ids, repair],
            after=[self.network],
        )
        off = commands.part_databases(commands.NETWORK, list(catalogue.DATABASES))
        self.ready += [
            joined,
            self._first.access.undo(f"{self._name}-databases-off", off, parent=self, made=joined),
        ]

    def vacated(self, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Who is drained, or no member any more, has given its tasks away."""
        run: pulumi.Resource = self._first.access.run(
            f"{self._name}-vacate",
            commands.vacate(*self._words),
            parent=self,
            triggers=[self._repair],
            after=[*self.ready, *after],
            limit_s=limits.PACKAGES_LIMIT_S,
        )
        return run

    def _rules(self, member: Member, host: Host) -> pulumi.Resource:
        name = f"{self._name}-rules{member.mark and '-'}{member.mark}"
        block = commands.beside_guard(self._args.encrypted)
        repair = host.access.sense(
            f"{name}-state",
            host.titled("rules between members"),
            [*(ufw.rule(allow) for allow in commands.BETWEEN_MEMBERS), ufw.BesideGuard(block)],
            parent=self,
        )
        applied = host.access.run(
            name,
            commands.rules(self._args.encrypted),
            parent=self,
            triggers=[host.instance.id, repair],
            after=self._args.ready,
        )
        return host.access.undo(f"{name}-off", commands.no_rules(), parent=self, made=applied)

    def _join(self, member: Member, host: Host, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        first, encrypted = self._first.private, self._args.encrypted
        joined = host.access.run(
            f"{self._name}-join-{member.mark}",
            pulumi.Output.all(host.private, first).apply(lambda both: commands.join(both[0], both[1], encrypted)),
            stdin=pulumi.Output.secret(self._known.stdout.apply(lambda said: commands.token(said, member.manager))),
            parent=self,
            triggers=[host.instance.id],
            after=[self._known, *after],
        )
        away = commands.forget(member.name)
        return self._first.access.undo(f"{self._name}-forget-{member.mark}", away, parent=self, made=joined)
