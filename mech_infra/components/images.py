"""The images on the host: pulled by tag, and pulled again when something else stands under the tag."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from mech_infra.commands import containers as commands
from mech_infra.components.host import Host
from mech_infra.drift import checks


class Images(pulumi.ComponentResource):
    """One image a workload. `ids` are what containers are made from.

    The provider takes whatever the host has under a tag for the image, and pulls only when there is nothing: a tag
    moved by hand would be rolled out. So each tag has a sensor, and what does not come from its registry is untagged.
    """

    def __init__(
        self,
        name: str,
        references: Mapping[str, str],
        host: Host,
        provider: docker.Provider,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Images", name, None, opts)
        repairs = {
            key: host.access.sense(f"{name}-{key}-tag", "image", [checks.image(reference)], parent=self)
            for key, reference in references.items()
        }
        cleared = host.access.run(
            f"{name}-tags",
            commands.untag(sorted(set(references.values()))),
            parent=self,
            triggers=[host.instance.id, *repairs.values()],
        )
        self.ids = {
            key: docker.RemoteImage(
                f"{name}-{key}",
                name=reference,
                # For a quick way back.
                keep_locally=True,
                pull_triggers=[repairs[key]],
                opts=pulumi.ResourceOptions(parent=self, provider=provider, depends_on=[cleared]),
            ).image_id
            for key, reference in references.items()
        }
        self.register_outputs({"references": dict(references)})
