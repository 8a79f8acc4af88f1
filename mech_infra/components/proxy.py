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


class Proxy(pulumi.ComponentResource):
    """nginx on the host.

    Declares: for each service what visitors, the host and other containers ask, both slots upstream: conf.d/mech.conf.
    Reads: its unit, its files, whether it takes its config and runs it; files of others that it reads.
    Promises: a config is installed only when `nginx -t` accepts it, else the old one stays in force.
    """

    def __init__(self, name: str, args: ProxyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Proxy", name, None, opts)
        config, domain, services, exposed, host = args.config, args.domain, args.services, args.exposed, args.host
        sites = [
            nginx.Site(
                s.name,
                f"{s.name}.{domain}",
                s.port,
                s.upstreams("blue"),
                s.upstreams("green"),
                s.read_timeout_s,
                s.spec.streams,
            )
            for s in services
        ]
        text = _edge(args.edge).apply(
            lambda edge: nginx.render(
                sites,
                exposed=exposed,
                max_body_mb=config.max_body_mb,
                requests_per_second=config.rate_limit.requests_per_second,
                burst=config.rate_limit.burst,
                redirect_to_https=config.redirect_to_https,
                trusted_proxies=edge,
            )
        )
        repair = host.access.sense(
            f"{name}-state",
            "proxy",
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
        self.installed = host.access.run(
            f"{name}-nginx",
            nginx.apply(),
            stdin=text.apply(lambda it: files.encode({nginx.CONFIG: it, nginx.LOGROTATE: nginx.logrotate()})),
            parent=self,
            triggers=[host.instance.id, repair, *([args.edge.moved] if args.edge else [])],
            after=[args.certificate],
        )
        self.register_outputs({"sites": [s.name for s in services]})


def _edge(known: EdgeRanges | None) -> pulumi.Output[Sequence[str]]:
    """From whom nginx believes a visitor's address."""
    if known is not None:
        return pulumi.Output.from_input(list(known.ranges))
    published: pulumi.Output[Sequence[str]] = get_ip_ranges_output().apply(lambda edge: edge.ipv4_cidrs or ())
    return published
