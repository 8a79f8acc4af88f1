"""Cloudflare: the zone's records and what the edge does to a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_cloudflare.dns_record import DnsRecord
from pulumi_cloudflare.ruleset import Ruleset, RulesetRuleArgs
from pulumi_cloudflare.zone import Zone, ZoneAccountArgs
from pulumi_cloudflare.zone_setting import ZoneSetting

from mech_infra.config.edge import EdgeConfig
from mech_infra.drift.sensor import CloudWatch
from mech_infra.facts.clouds.cloudflare import ForeignRulesets, ShadowingRecords


@dataclass(frozen=True)
class EdgeArgs:
    """What the edge does, for which names, and where it passes them on to."""

    config: EdgeConfig
    domain: str
    services: Mapping[str, pulumi.Resource]  # by name what serves it: a name appears when there is something behind it
    address: pulumi.Input[str]  # of the host
    ready: Sequence[pulumi.Resource]  # what is in front of all of them
    # Addresses of the hosts beside it, by their marks.
    others: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)


class Edge(pulumi.ComponentResource):
    """Cloudflare in front of the host.

    Declares: a proxied A record a service and host, SSL mode, HTTPS, minimum TLS version, the list of blocked clients; the zone itself
    where the config has no zone id.
    Reads: records of others under our names, rulesets of others.
    Promises: nothing of the zone that others put there is touched, and a zone outlives the stack.
    """

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Edge", name, None, opts)
        config, domain = args.config, args.domain
        child = pulumi.ResourceOptions(parent=self)
        zone_id: pulumi.Input[str]
        if config.zone_id:
            zone_id = config.zone_id
        else:
            account = ZoneAccountArgs(id=config.account_id)
            # A zone holds what others put there too: taking the stack down must not take the domain down.
            kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
            zone_id = Zone(f"{name}-zone", account=account, name=domain, type="full", opts=kept).id
        settings = {
            "ssl": config.ssl,
            "always_use_https": "on" if config.always_use_https else "off",
            "min_tls_version": config.min_tls_version,
        }
        for setting, value in settings.items():
            ZoneSetting(
                f"{name}-{setting.replace('_', '-')}",
                zone_id=zone_id,
                setting_id=setting,
                value=value,
                opts=child,
            )
        places = {"": args.address, **args.others}
        self.records = [
            DnsRecord(
                f"{name}-{service}{mark and '-'}{mark}",
                zone_id=zone_id,
                name=f"{service}.{domain}",
                type="A",
                content=address,
                proxied=True,
                # Cloudflare forces 1 ("automatic") on proxied records; anything else is a diff for ever (findings §6).
                ttl=1,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[*args.ready, serving]),
            )
            for service, serving in args.services.items()
            for mark, address in places.items()
        ]
        names = [f"{service}.{domain}" for service in args.services]
        CloudWatch(
            f"{name}-others",
            "Cloudflare's zone",
            {
                "zone": zone_id,
                "address": args.address,
                **({"others": list(args.others.values())} if args.others else {}),
            },
            [ShadowingRecords(names), ForeignRulesets()],
            opts=child,
        )
        if config.blocked:
            Ruleset(
                f"{name}-blocked",
                zone_id=zone_id,
                name="mech: blocked clients",
                description="",
                kind="zone",
                phase="http_request_firewall_custom",
                rules=[
                    RulesetRuleArgs(
                        action="block",
                        expression=f"(ip.src in {{{' '.join(config.blocked)}}})",
                        description="mech:edge.blocked",
                        enabled=True,
                    )
                ],
                opts=child,
            )
        self.register_outputs({"zone_id": zone_id, "ssl": config.ssl})
