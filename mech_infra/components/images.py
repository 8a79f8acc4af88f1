"""The images on the host: pulled by tag, and pulled again when something else stands under the tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from mech_infra import registry
from mech_infra.commands import containers as commands
from mech_infra.components import limits
from mech_infra.components.hooks import on_error
from mech_infra.components.host import Host
from mech_infra.facts.host import docker as facts


@dataclass(frozen=True)
class ImagesArgs:
    """Which images, by which Docker."""

    references: Mapping[str, str]  # by workload
    host: Host
    provider: docker.Provider
    login: registry.Login | None = None


class Images(pulumi.ComponentResource):
    """The images on the host.

    Declares: one image a workload; `ids` are what containers are made from.
    Reads: what each tag was pulled as.
    Promises: what does not come from its tag's own registry is not rolled out. The provider takes whatever the host has under
    a tag for the image, and pulls only when there is nothing: so each tag has a sensor, and another image is untagged. A
    registry's first image is pulled before its others: one that refuses us says so once, not eight times.
    """

    def __init__(self, name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Images", name, None, opts)
        references, host, provider, login = args.references, args.host, args.provider, args.login
        repairs = {
            key: host.access.sense(f"{name}-{key}-tag", "image", [facts.Image(reference)], parent=self)
            for key, reference in references.items()
        }
        cleared = host.access.run(
            f"{name}-tags",
            commands.untag(sorted(set(references.values()))),
            parent=self,
            triggers=[host.instance.id, *repairs.values()],
        )
        hooks = on_error("pull", lambda inputs, error: registry.explain(str(inputs.get("name")), error, login))
        firsts: dict[str, docker.RemoteImage] = {}
        self.ids: dict[str, pulumi.Output[str]] = {}
        self.digests: dict[
            str, pulumi.Output[str]
        ] = {}  # the same for other hosts: the references, each with its digest
        for key, reference in references.items():
            first = firsts.get(registry.host(reference))
            image = docker.RemoteImage(
                f"{name}-{key}",
                name=reference,
                # For a quick way back.
                keep_locally=True,
                pull_triggers=[repairs[key]],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    provider=provider,
                    depends_on=[cleared, *([first] if first else [])],
                    hooks=hooks,
                    custom_timeouts=limits.within(limits.PULL_LIMIT_S),
                ),
            )
            firsts.setdefault(registry.host(reference), image)
            self.ids[key] = image.image_id
            self.digests[key] = image.repo_digest
        self.register_outputs({"references": dict(references)})
