"""Cloudflare: the zone's records and what the edge does to a request."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_cloudflare as cloudflare

from mech_infra.config.edge import EdgeConfig
from mech_infra.drift.sensor import CloudWatch
from mech_infra.facts.clouds.cloudflare import ForeignRulesets, ShadowingRecords


class Edge(pulumi.ComponentResource):
    """A proxied A record a service, SSL mode, HTTPS, minimum TLS version, the list of blocked clients."""

    def __init__(
        self,
        name: str,
        config: EdgeConfig,
        domain: str,
        services: Sequence[str],
        address: pulumi.Input[str],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Edge", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone_id: pulumi.Input[str]
        if config.zone_id:
            zone_id = config.zone_id
        else:
            account = cloudflare.ZoneAccountArgs(id=config.account_id)
            # A zone holds what others put there too: taking the stack down must not take the domain down.
            kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
            zone_id = cloudflare.Zone(f"{name}-zone", account=account, name=domain, type="full", opts=kept).id
        settings = {
            "ssl": config.ssl,
            "always_use_https": "on" if config.always_use_https else "off",
            "min_tls_version": config.min_tls_version,
        }
        for setting, value in settings.items():
            cloudflare.ZoneSetting(
                f"{name}-{setting.replace('_', '-')}",
                zone_id=zone_id,
                setting_id=setting,
                value=value,
                opts=child,
            )
        self.records = [
            cloudflare.DnsRecord(
                f"{name}-{service}",
                zone_id=zone_id,
                name=f"{service}.{domain}",
                type="A",
                content=address,
                proxied=True,
                # Cloudflare forces 1 ("automatic") on proxied records; anything else is a diff for ever (findings §6).
                ttl=1,
                # Names appear when there is something behind them.
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
            )
            for service in services
        ]
        names = [f"{service}.{domain}" for service in services]
        CloudWatch(
            f"{name}-others",
            "Cloudflare's zone",
            {"zone": zone_id, "address": address},
            [ShadowingRecords(names), ForeignRulesets()],
            opts=child,
        )
        if config.blocked:
            cloudflare.Ruleset(
                f"{name}-blocked",
                zone_id=zone_id,
                name="mech: blocked clients",
                description="",
                kind="zone",
                phase="http_request_firewall_custom",
                rules=[
                    cloudflare.RulesetRuleArgs(
                        action="block",
                        expression=f"(ip.src in {{{' '.join(config.blocked)}}})",
                        description="mech:edge.blocked",
                        enabled=True,
                    )
                ],
                opts=child,
            )
        self.register_outputs({"zone_id": zone_id, "ssl": config.ssl})
