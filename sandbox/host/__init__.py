"""A machine in namespaces: boots Debian's systemd, sshd, ufw, dockerd and nginx in 1–2 s. See PARITY.host.md."""

from sandbox.host.blocks import create_block, delete_block
from sandbox.host.machine import (
    attach_block,
    create,
    describe,
    destroy,
    detach_block,
    ensure_rootfs,
    halt,
    ids,
    init_pid,
    reboot,
    remove_vpc,
    set_firewall,
    set_vpcs,
    start,
    state,
    sweep,
    vpcs,
)
from sandbox.host.model import FirewallRule, HostError, HostSpec, Port

__all__ = [
    "FirewallRule", "HostError", "HostSpec", "Port", "attach_block", "create", "create_block", "delete_block",
    "describe", "destroy", "detach_block", "ensure_rootfs", "halt", "ids", "init_pid", "reboot", "remove_vpc",
    "set_firewall", "set_vpcs", "start", "state", "sweep", "vpcs",
]  # fmt: skip
