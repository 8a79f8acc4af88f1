"""nginx on the host: for each service what visitors, the host and other containers ask, all replicas upstream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_cloudflare.get_ip_ranges import get_ip_ranges_output

from mech_infra.commands import files, nginx
from mech_infra.components.edge_ranges import EdgeRanges
from mech_infra.components.host import Host
from mech_infra.config import ResolvedService
from mech_infra.config.proxy import ProxyConfig
from mech_infra.facts.host import files as file_facts
from mech_infra.facts.host import nginx as facts
from mech_infra.facts.host import units
from mech_infra.rollout import slots


@dataclass(frozen=True)
class ProxyArgs:
    """What nginx passes on, and to whom."""

    config: ProxyConfig
    domain: str
    services: Sequence[ResolvedService]
    exposed: bool  # the guide's ports answer everybody whom the firewall lets in
    host: Host
    certificate: pulumi.Resource
    edge: EdgeRanges | None = None  # where the firewall knows it, too
    members: Sequence[pulumi.Input[str]] = ()  # of a fleet, their addresses on the private network
    nodes: pulumi.Input[Sequence[str]] = ()  # of the swarm's nodes, also of those that go
    after: Sequence[pulumi.Resource] = ()  # what must serve before it passes to it


class Proxy(pulumi.ComponentResource):
    """nginx on the host.

    Declares: for each service what visitors, the host and other containers ask, both slots upstream, or a fleet's members: conf.d/mech.conf.
    Reads: its unit, its files, whether it takes its config and runs it; files of others that it reads.
    Promises: a config is installed only when `nginx -t` accepts it, else the old one stays in force. In a fleet nginx asks
    members of before and those declared from `installed` on, and from `settled` on those declared alone.
    """

    def __init__(self, name: str, args: ProxyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Proxy", name, None, opts)
        config, domain, services, exposed, host = args.config, args.domain, args.services, args.exposed, args.host
        self._name, self._args = name, args
        text = pulumi.Output.all(edge=_edge(args.edge), members=list(args.members)).apply(
            lambda known: nginx.render(
                [_site(s, domain, known["members"]) for s in services],
                exposed=exposed,
                max_body_mb=config.max_body_mb,
                requests_per_second=config.rate_limit.requests_per_second,
                burst=config.rate_limit.burst,
                redirect_to_https=config.redirect_to_https,
                trusted_proxies=known["edge"],
            )
        )
        repair = host.access.sense(
            f"{name}-state",
            host.titled("proxy"),
            [
                units.Unit("nginx"),
                facts.Accepts(),
                facts.RunsItsConfig(),
                file_facts.File(nginx.CONFIG, "644", text.apply(file_facts.sha256)),
                file_facts.file(nginx.LOGROTATE, nginx.logrotate()),
            ],
            watches=[facts.ForeignSites()],
            parent=self,
        )
        given = pulumi.Output.all(text, args.nodes).apply(
            lambda both: _given(both[0], both[1] if args.members else None)
        )
        self._triggers = [host.instance.id, repair, *([args.edge.moved] if args.edge else [])]
        self.installed = host.access.run(
            f"{name}-nginx",
            nginx.widen() if args.members else nginx.apply(),
            stdin=given,
            parent=self,
            triggers=self._triggers,
            after=[args.certificate, *args.after],
        )
        self._written = text.apply(file_facts.sha256)
        self.register_outputs({"sites": [s.name for s in services]})

    def settled(self, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Of a fleet: the tasks, `after`, are where they are to be."""
        run: pulumi.Resource = self._args.host.access.run(
            f"{self._name}-settled",
            nginx.settle(),
            parent=self,
            triggers=[self._written, *self._triggers],
            after=[self.installed, *after],
        )
        return run


def _given(text: str, nodes: Sequence[str] | None) -> str:
    """Standard input of what installs it; a fleet's has the nodes' addresses before the files."""
    written = files.encode({nginx.CONFIG: text, nginx.LOGROTATE: nginx.logrotate()})
    return written if nodes is None else f"{' '.join(nodes)}\n{written}"


def _site(service: ResolvedService, domain: str, members: Sequence[str]) -> nginx.Site:
    return nginx.Site(
        service.name,
        f"{service.name}.{domain}",
        service.port,
        service.upstreams("blue"),
        service.upstreams("green"),
        service.read_timeout_s,
        service.spec.streams,
        tuple(f"{address}:{slots.task_port(service.spec.port)}" for address in members),
    )


def _edge(known: EdgeRanges | None) -> pulumi.Output[Sequence[str]]:
    """From whom nginx believes a visitor's address."""
    if known is not None:
        return pulumi.Output.from_input(list(known.ranges))
    published: pulumi.Output[Sequence[str]] = get_ip_ranges_output().apply(lambda edge: edge.ipv4_cidrs or ())
    return published
