"""The host: a Vultr instance with address, key, outer firewall and start-up script, waited for until usable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ediri_vultr as vultr
import pulumi
import pulumi_command as command

from mech_infra.commands import attachment, boot, private
from mech_infra.commands.firewall import Allow
from mech_infra.components import limits
from mech_infra.components.entrance import Entrance, entrance
from mech_infra.components.remote import Access
from mech_infra.config.fleet import Member
from mech_infra.config.host import HostConfig
from mech_infra.drift.sensor import CloudState
from mech_infra.facts.clouds import vultr as vultr_facts
from mech_infra.facts.host import access as access_facts
from mech_infra.facts.host import disks, files, kernel, units
from mech_infra.facts.host import docker as docker_facts


@dataclass(frozen=True)
class HostArgs:
    """What is rented, and who gets at it."""

    config: HostConfig
    allowed: Sequence[Allow] = ()  # what Vultr's firewall group lets in
    private: vultr.Vpc | None = None  # the network between the hosts
    member: Member | None = None  # what is rented in place of the config's host
    first: Host | None = None  # whose key, script and group it shares


class Host(pulumi.ComponentResource):
    """A Debian host at Vultr.

    Declares: instance and reserved IP, and, unless it shares the first one's, SSH key, start-up script and firewall group;
    packages and units on it.
    Reads: packages and units; whether the address is at the instance; keys of others, disks and logs that fill; what the
    group opens beside ours.
    Promises: its address outlives it (the reserved IP is what DNS and SSH use); `access` is usable when the start-up script
    is through.
    """

    def __init__(self, name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Host", name, None, opts)
        config, first, member = args.config, args.first, args.member
        hostname = member.name if member else config.hostname
        self.name = hostname if first else ""
        # Of the hosts beside the first one nothing is kept: they go when nobody declares them.
        protect = config.protect and first is None
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=protect)
        self.entrance: Entrance = first.entrance if first else entrance(name, config, args.allowed, self)
        reserved = vultr.ReservedIp(f"{name}-address", region=config.region, ip_type="v4", label=hostname, opts=kept)
        self.instance = vultr.Instance(
            f"{name}-instance",
            region=config.region,
            plan=member.plan if member else config.plan,
            os_id=config.os_id,
            hostname=hostname,
            label=hostname,
            tags=["mech"],
            backups="disabled",
            enable_ipv6=False,
            ssh_key_ids=[self.entrance.key.id],
            script_id=self.entrance.script.id,
            firewall_group_id=self.entrance.group.id,
            reserved_ip_id=reserved.id,
            vpc_ids=[args.private.id] if args.private else None,
            # The address can be attached to one instance at a time, so the old one goes first.
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=protect,
                delete_before_replace=True,
                depends_on=list(self.entrance.rules),
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
        usable = access.once(ready, *self._in_private(f"{name}-private", access.once(ready), args))
        repair = usable.sense(
            f"{name}-system",
            self.titled("host"),
            [
                *(units.Package(package) for package in boot.PACKAGES),
                *(units.Unit(unit) for unit in boot.UNITS),
                kernel.Setting(kernel.FORWARDING, "1"),
                files.file(boot.SSHD, boot.SSHD_TEXT),
            ],
            watches=[
                docker_facts.Down(),
                access_facts.foreign_keys(self.entrance.public),
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

    def titled(self, what: str) -> str:
        """How a sensor on this host is called: by its host, too, where that is not the first one."""
        return f"{self.name}: {what}" if self.name else what

    def _in_private(self, name: str, access: Access, args: HostArgs) -> Sequence[pulumi.Resource]:
        """Vultr restarts a running host that is put onto the network: its commands wait for that."""
        self.private: pulumi.Output[str] = self.instance.internal_ip
        if args.private is None:
            return ()
        return [
            access.run(
                name,
                self.private.apply(lambda address: private.wait(address, args.config.boot_timeout_s)),
                parent=self,
                triggers=[self.instance.id, args.private.id],
                attempts=60,
                limit_s=args.config.boot_timeout_s + 60,
                shared=False,
            )
        ]
