"""What hangs at the instance at Vultr: attached by its API where the provider's resources cannot.

An instance's reserved address is replace-only and never read back, and Pulumi refuses to import a volume whose inputs
differ from what is there (vultr 2.27.1).
"""

from __future__ import annotations

from mech_infra.commands.script import room, script

_ATTACH = room(__file__) / "attach.sh"


def attach_volume() -> str:
    """Attach the volume $ID to $INSTANCE while it runs, unless it is; the key comes from VULTR_API_KEY, never in argv."""
    return script(_ATTACH, "blocks", "attached_to_instance", ', "live": true', "block storage")


def attach_address() -> str:
    """The same of the reserved address $ID."""
    return script(_ATTACH, "reserved-ips", "instance_id", "", "the reserved address")
