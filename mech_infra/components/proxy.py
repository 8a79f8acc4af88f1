"""nginx on the host: for each service what visitors, the host and other containers ask, all replicas upstream."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_cloudflare as cloudflare

from mech_infra.commands import files, nginx
from mech_infra.components.host import Host
from mech_infra.config import ResolvedService
from mech_infra.config.host import ProxyConfig
from mech_infra.facts.host import files as file_facts
from mech_infra.facts.host import nginx as facts
from mech_infra.facts.host import units


class Proxy(pulumi.ComponentResource):
    """One file, conf.d/mech.conf, installed only when `nginx -t` accepts it."""

    def __init__(
        self,
        name: str,
        config: ProxyConfig,
        domain: str,
        services: Sequence[ResolvedService],
        exposed: bool,
        host: Host,
        certificate: pulumi.Resource,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Proxy", name, None, opts)
        ranges = cloudflare.get_ip_ranges()
        text = nginx.render(
            [
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
            ],
            exposed=exposed,
            max_body_mb=config.max_body_mb,
            requests_per_second=config.rate_limit.requests_per_second,
            burst=config.rate_limit.burst,
            redirect_to_https=config.redirect_to_https,
            trusted_proxies=ranges.ipv4_cidrs or (),
        )
        written = {nginx.CONFIG: text, nginx.LOGROTATE: nginx.logrotate()}
        repair = host.access.sense(
            f"{name}-state",
            "proxy",
            [
                units.Unit("nginx"),
                facts.Accepts(),
                facts.RunsItsConfig(),
                *(file_facts.file(path, content) for path, content in written.items()),
            ],
            watches=[facts.ForeignSites()],
            parent=self,
        )
        self.installed = host.access.run(
            f"{name}-nginx",
            nginx.apply(),
            stdin=files.encode(written),
            parent=self,
            triggers=[host.instance.id, repair],
            after=[certificate],
        )
        self.register_outputs({"sites": [s.name for s in services]})
