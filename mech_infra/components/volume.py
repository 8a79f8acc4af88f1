"""The data volume: block storage that outlives the host and `pulumi destroy`."""

from __future__ import annotations

from dataclasses import dataclass

import ediri_vultr as vultr
import pulumi
import pulumi_command as command

from mech_infra.commands import attachment
from mech_infra.commands import volume as commands
from mech_infra.components import limits
from mech_infra.components.host import Host
from mech_infra.config.host import HostConfig
from mech_infra.drift.sensor import CloudState
from mech_infra.facts.clouds.vultr import Attached
from mech_infra.facts.host import disks, files, units


@dataclass(frozen=True)
class DataVolumeArgs:
    """Where the data are, and for which host."""

    config: HostConfig
    host: Host


class DataVolume(pulumi.ComponentResource):
    """Block storage that outlives the host and `pulumi destroy`.

    Declares: the volume, that it is attached, and mounted at /opt/mech-services/shared/data before docker starts.
    Reads: whether it is attached at Vultr, and mounted, now and at boot.
    Promises: Pulumi never deletes it (retain_on_delete). One with our label that Vultr has and the stack does not know is
    adopted, so that `pulumi up` after `pulumi destroy` finds the data again.
    """

    def __init__(self, name: str, args: DataVolumeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:DataVolume", name, None, opts)
        config, host = args.config, args.host
        label = f"{config.hostname}-data"
        self.block = vultr.BlockStorage(
            f"{name}-block",
            region=config.region,
            size_gb=config.data_volume_gb,
            block_type=commands.BLOCK_TYPE,
            label=label,
            opts=pulumi.ResourceOptions(
                parent=self,
                retain_on_delete=True,
                import_=_kept(label),
                # Ours to attach (below). Vultr's plugin 2.27.1 reads it back, and takes the volume off where it is absent.
                ignore_changes=["attachedToInstance"],
            ),
        )
        lost = CloudState(
            f"{name}-attached",
            "Vultr",
            {"volume": self.block.id},
            [Attached("volume", host.instance.id)],
            opts=pulumi.ResourceOptions(parent=self),
        ).repair
        attached = command.local.Command(
            f"{name}-attach",
            create=attachment.attach_volume(),
            delete=commands.detach_volume(),
            # Not a trigger: it would replace the command, whose delete takes the volume off.
            environment={"ID": self.block.id, "INSTANCE": host.instance.id, "REPAIR": lost},
            triggers=[host.instance.id, self.block.id],
            logging=command.local.Logging.NONE,
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=limits.within(limits.COMMAND_LIMIT_S)),
        )
        hashes = self.block.mount_id.apply(
            lambda mount_id: {path: files.sha256(text) for path, text in commands.files(mount_id).items()}
        )
        repair = host.access.sense(
            f"{name}-state",
            "data volume",
            [
                disks.Mounted(commands.DATA),
                units.Unit("mech-data", boot_only=True),
                *(files.File(path, mode, hashes[path]) for path, mode in commands.MODES.items()),
            ],
            parent=self,
        )
        self.mounted = host.access.run(
            f"{name}-mount",
            self.block.mount_id.apply(commands.mount_volume),
            parent=self,
            triggers=[host.instance.id, repair, lost],
            after=[attached],
        )
        self.register_outputs({"block_id": self.block.id, "path": commands.DATA})


def _kept(label: str) -> str | None:
    """Id of a volume with this label that an earlier stack left at Vultr, else None."""
    try:
        found = vultr.get_block_storage(filters=[vultr.GetBlockStorageFilterArgs(name="label", values=[label])])
    except Exception as error:
        if "no results were found" in str(error).lower():
            return None
        raise
    return str(found.id)
