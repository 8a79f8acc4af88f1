"""The host: a Vultr instance with address, key, outer firewall and start-up script, waited for until usable."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import ediri_vultr as vultr
import pulumi
import pulumi_command as command

from mech_infra.commands import attachment, boot
from mech_infra.commands.firewall import Allow
from mech_infra.components import limits
from mech_infra.components.remote import Access
from mech_infra.config import keypair
from mech_infra.config.host import HostConfig
from mech_infra.drift.sensor import CloudState, CloudWatch
from mech_infra.facts.clouds import vultr as vultr_facts
from mech_infra.facts.host import access as access_facts
from mech_infra.facts.host import disks, files, kernel, units
from mech_infra.facts.host import docker as docker_facts

# What the API says of every group: max_rule_count.
_GROUP_RULES = 50


@dataclass(frozen=True)
class HostArgs:
    """What is rented, and who gets at it."""

    config: HostConfig
    allowed: Sequence[Allow]  # what Vultr's firewall group lets in


class Host(pulumi.ComponentResource):
    """A Debian host at Vultr.

    Declares: instance, reserved IP, SSH key, start-up script and firewall group; packages and units on it.
    Reads: packages and units; whether the address is at the instance; keys of others, disks and logs that fill; what the
    group opens beside ours.
    Promises: its address outlives it (the reserved IP is what DNS and SSH use); `access` is usable when the start-up script
    is through.
    """

    def __init__(self, name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Host", name, None, opts)
        config, allowed = args.config, args.allowed
        if len(allowed) > _GROUP_RULES:
            raise pulumi.RunError(
                f"Vultr's firewall group takes {_GROUP_RULES} rules, and {len(allowed)} are declared; nothing was changed. "
                "Shorten mech:host.sshFrom, or set mech:firewall.webFrom to everyone"
            )
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=config.protect)
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
        rules = [self._rule(f"{name}-firewall-{_slug(allow)}", group, allow) for allow in allowed]
        CloudWatch(
            f"{name}-firewall-others",
            "Vultr's firewall group",
            {"firewall_group": group.id},
            [vultr_facts.foreign_rules(allowed)],
            opts=child,
        )
        reserved = vultr.ReservedIp(
            f"{name}-address", region=config.region, ip_type="v4", label=config.hostname, opts=kept
        )
        self.instance = vultr.Instance(
            f"{name}-instance",
            region=config.region,
            plan=config.plan,
            os_id=config.os_id,
            hostname=config.hostname,
            label=config.hostname,
            tags=["mech"],
            backups="disabled",
            enable_ipv6=False,
            ssh_key_ids=[key.id],
            script_id=script.id,
            firewall_group_id=group.id,
            reserved_ip_id=reserved.id,
            # The address can be attached to one instance at a time, so the old one goes first.
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=config.protect,
                delete_before_replace=True,
                depends_on=rules,
                # Read once, when the host is made: a key or script made anew at Vultr must not cost the host.
                ignore_changes=["sshKeyIds", "scriptId"],
                custom_timeouts=pulumi.CustomTimeouts(create=f"{config.boot_timeout_s}s"),
            ),
        )
        self.address: pulumi.Output[str] = reserved.subnet
        lost = CloudState(
            f"{name}-attached",
            "Vultr",
            {"reserved_ip": reserved.id},
            [vultr_facts.Attached("reserved_ip", self.instance.id)],
            opts=child,
        ).repair
        attached = command.local.Command(
            f"{name}-attach",
            create=attachment.attach_address(),
            environment={"ID": reserved.id, "INSTANCE": self.instance.id, "REPAIR": lost},
            logging=command.local.Logging.NONE,
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=limits.within(limits.COMMAND_LIMIT_S)),
        )
        scan = command.local.Command(
            f"{name}-host-key",
            create=boot.scan_host_key(config.boot_timeout_s),
            environment={"HOST": self.address, "PORT": "22"},
            triggers=[self.instance.id],
            logging=command.local.Logging.NONE,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Trusted once: another text of it must not have another key trusted.
                ignore_changes=["create"],
                depends_on=[attached],
                custom_timeouts=limits.within(config.boot_timeout_s + 30),
            ),
        )
        access = Access(self.address, scan.stdout, config.identity, (attached,))
        ready = access.run(
            f"{name}-ready",
            boot.wait_ready(config.boot_timeout_s),
            parent=self,
            triggers=[self.instance.id],
            # sshd may be started anew while the host boots for the first time.
            attempts=60,
            limit_s=config.boot_timeout_s + 60,
        )
        usable = access.once(ready)
        repair = usable.sense(
            f"{name}-system",
            "host",
            [
                *(units.Package(package) for package in boot.PACKAGES),
                *(units.Unit(unit) for unit in boot.UNITS),
                kernel.Setting(kernel.FORWARDING, "1"),
                files.file(boot.SSHD, boot.SSHD_TEXT),
            ],
            watches=[
                docker_facts.Down(),
                access_facts.foreign_keys(public),
                disks.ShortOfSpace(),
                disks.LargeLogs(),
            ],
            parent=self,
        )
        system = usable.run(
            f"{name}-converge",
            boot.converge(),
            parent=self,
            triggers=[self.instance.id, repair],
            limit_s=limits.PACKAGES_LIMIT_S,
        )
        self.access = usable.once(system)
        self.register_outputs({"address": self.address, "host_key": scan.stdout, "instance_id": self.instance.id})

    def _rule(self, name: str, group: vultr.FirewallGroup, allow: Allow) -> vultr.FirewallRule:
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
            opts=pulumi.ResourceOptions(parent=self),
        )


def _slug(allow: Allow) -> str:
    port = allow.port.replace(":", "-")
    return f"{port}-{allow.source.replace('/', '-')}" if allow.source else port
