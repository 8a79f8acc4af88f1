"""docker:index/volume:Volume. Source: terraform-provider-docker, resource_docker_volume.go."""

from __future__ import annotations

import time
from typing import ClassVar

from sandbox.providers.bridge import Field, Values, computed, optional, output
from sandbox.providers.contract import CheckFailure, Context, PartialError, ProviderError

from .shape import LABELS, DockerResource, labels_from_map, labels_to_map

_REMOVE_TIMEOUT = 30.0  # seconds: a container may still be going


class Volume(DockerResource):
    token = "docker:index/volume:Volume"  # noqa: S105 - a type token
    terraform = "docker_volume"
    fields: ClassVar[dict[str, Field]] = {
        "name": computed(autoname=True, replace=True),
        "labels": optional("list", unordered=True, parts=LABELS, replace=True),
        "driver": computed(replace=True),
        "driverOpts": optional("map", replace=True),
        "cluster": optional("object"),
        "mountpoint": output(),
    }

    def validate(self, inputs: Values) -> list[CheckFailure]:
        if inputs.get("cluster"):
            return [CheckFailure("cluster", "swarm cluster volumes are not covered by the docker stand-in")]
        return []

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        engine = ctx.provider.engine
        with engine.doing("Unable to create volume", absent=False):
            made = engine.client.create_volume(
                inputs.get("name"),
                driver=inputs.get("driver") or None,
                driver_opts=inputs.get("driverOpts") or None,
                labels=labels_to_map(inputs.get("labels")) or None,
            )
        id = str(made["Name"])
        found = self.fetch(ctx, id, inputs)
        if found is None:
            raise PartialError(id, inputs, f"volume {id} was gone as soon as it was made")
        return id, found

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        from docker.errors import NotFound

        engine = ctx.provider.engine
        try:
            with engine.doing("Unable to inspect volume"):
                now = engine.client.inspect_volume(id)
        except NotFound:
            return None
        return {
            "name": now["Name"],
            "labels": labels_from_map(now.get("Labels")),
            "driver": now["Driver"],
            "driverOpts": now.get("Options") or {},
            "mountpoint": now["Mountpoint"],
        }

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        found = self.fetch(ctx, id, inputs)
        if found is None:
            raise ProviderError(f"volume {id} is gone: run `pulumi refresh`, then `pulumi up`")
        return found

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        from docker.errors import NotFound

        engine, end = ctx.provider.engine, time.monotonic() + (timeout or _REMOVE_TIMEOUT)
        while True:
            try:
                with engine.doing("Unable to remove volume"):
                    engine.client.remove_volume(id)
                return
            except NotFound:
                return
            except ProviderError as error:
                if "volume is in use" not in str(error) or time.monotonic() > end:
                    raise
            if ctx.cancelled.wait(1):
                raise ProviderError("cancelled while waiting for the volume to be free")
