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
    set_firewall,
    start,
    state,
    sweep,
)
from sandbox.host.model import FirewallRule, HostError, HostSpec

__all__ = [
    "FirewallRule", "HostError", "HostSpec", "attach_block", "create", "create_block", "delete_block", "describe",
    "destroy", "detach_block", "ensure_rootfs", "halt", "ids", "init_pid", "reboot", "set_firewall", "start", "state",
    "sweep",
]  # fmt: skip
