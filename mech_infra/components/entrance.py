"""What all hosts of a stack share at Vultr: the key that lets us in, the start-up script, the outer firewall."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import ediri_vultr as vultr
import pulumi

from mech_infra.commands import boot
from mech_infra.commands.firewall import Allow
from mech_infra.config import keypair
from mech_infra.config.host import HostConfig
from mech_infra.drift.sensor import CloudWatch
from mech_infra.facts.clouds import vultr as vultr_facts

# What the API says of every group: max_rule_count.
_GROUP_RULES = 50


@dataclass(frozen=True)
class Entrance:
    """The first host's, for it and for those beside it. `public` is our key's public half, `rules` are the group's."""

    public: str
    key: vultr.SSHKey
    script: vultr.StartupScript
    group: vultr.FirewallGroup
    rules: Sequence[vultr.FirewallRule]


def entrance(name: str, config: HostConfig, allowed: Sequence[Allow], parent: pulumi.Resource) -> Entrance:
    """Declare them under the first host. Raises pulumi.RunError for more rules than a group takes."""
    if len(allowed) > _GROUP_RULES:
        raise pulumi.RunError(
            f"Vultr's firewall group takes {_GROUP_RULES} rules, and {len(allowed)} are declared; nothing was changed. "
            "Shorten mech:host.sshFrom, or set mech:firewall.webFrom to everyone"
        )
    child = pulumi.ResourceOptions(parent=parent)
    public = keypair.public_file(config.ssh_key_path).read_text().strip()
    key = vultr.SSHKey(f"{name}-key", name=config.hostname, ssh_key=public, opts=child)
    script = vultr.StartupScript(
        f"{name}-startup",
        name=config.hostname,
        type="boot",
        script=base64.b64encode(boot.startup_script().encode()).decode(),
        opts=child,
    )
    group = vultr.FirewallGroup(f"{name}-firewall", description=config.hostname, opts=child)
    rules = [_rule(f"{name}-firewall-{_slug(allow)}", group, allow, parent) for allow in allowed]
    CloudWatch(
        f"{name}-firewall-others",
        "Vultr's firewall group",
        {"firewall_group": group.id},
        [vultr_facts.foreign_rules(allowed)],
        opts=child,
    )
    return Entrance(public, key, script, group, rules)


def _rule(name: str, group: vultr.FirewallGroup, allow: Allow, parent: pulumi.Resource) -> vultr.FirewallRule:
    subnet, _, size = (allow.source or "0.0.0.0/0").partition("/")
    return vultr.FirewallRule(
        name,
        firewall_group_id=group.id,
        ip_type="v6" if ":" in subnet else "v4",
        protocol="tcp",
        port=allow.port,
        subnet=subnet,
        subnet_size=int(size),
        notes="mech",
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _slug(allow: Allow) -> str:
    port = allow.port.replace(":", "-")
    return f"{port}-{allow.source.replace('/', '-')}" if allow.source else port
