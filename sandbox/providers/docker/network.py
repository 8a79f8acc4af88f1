"""docker:index/network:Network. Source: terraform-provider-docker, resource_docker_network*.go."""

from __future__ import annotations

import time
from typing import ClassVar

from sandbox.providers.bridge import Field, Values, computed, optional, output, required
from sandbox.providers.contract import Context, PartialError, ProviderError

from .shape import LABELS, DockerResource, labels_from_map, labels_to_map

_IPAM: dict[str, Field] = {
    "auxAddress": optional("map"),
    "gateway": optional(),
    "ipRange": optional(),
    "subnet": optional(),
}

_REMOVE_TIMEOUT = 30.0  # seconds: containers may still be leaving


class Network(DockerResource):
    token = "docker:index/network:Network"  # noqa: S105 - a type token
    terraform = "docker_network"
    fields: ClassVar[dict[str, Field]] = {
        "name": required(autoname=True, replace=True),
        "labels": optional("list", unordered=True, parts=LABELS, replace=True),
        "driver": computed(replace=True),
        "options": computed("map", replace=True),
        "internal": computed("bool", replace=True),
        "attachable": optional("bool", replace=True),
        "ingress": optional("bool", replace=True),
        "ipv6": optional("bool", replace=True),
        "ipamDriver": optional(default="default", replace=True),
        "ipamOptions": optional("map", replace=True),
        "ipamConfigs": computed("list", wire="ipam_config", unordered=True, parts=_IPAM, replace=True),
        "scope": output(),
    }
    schema_version = 1

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        engine = ctx.provider.engine
        ipam = {
            "Driver": inputs.get("ipamDriver") or "default",
            "Options": inputs.get("ipamOptions") or None,
            "Config": [
                {
                    key: item[name]
                    for key, name in (
                        ("Subnet", "subnet"),
                        ("IPRange", "ipRange"),
                        ("Gateway", "gateway"),
                        ("AuxiliaryAddresses", "auxAddress"),
                    )
                    if item.get(name)
                }
                for item in inputs.get("ipamConfigs") or []
            ],
        }
        with engine.doing("Unable to create network", absent=False):
            made = engine.client.create_network(
                inputs["name"],
                driver=inputs.get("driver") or None,
                options=inputs.get("options") or None,
                ipam=ipam,
                # Docker 20 takes two networks of one name unless asked; newer ones never do.
                check_duplicate=True,
                internal=bool(inputs.get("internal")),
                labels=labels_to_map(inputs.get("labels")) or None,
                enable_ipv6=bool(inputs.get("ipv6")),
                attachable=inputs.get("attachable"),
                ingress=inputs.get("ingress"),
            )
        id = str(made["Id"])
        found = self.fetch(ctx, id, inputs)
        if found is None:
            raise PartialError(id, inputs, f"network {inputs['name']} was gone as soon as it was made")
        return id, found

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        from docker.errors import NotFound

        engine = ctx.provider.engine
        try:
            with engine.doing(f"Unable to inspect network {id[:12]}"):
                now = engine.client.inspect_network(id)
        except NotFound:
            return None
        ipam = now.get("IPAM") or {}
        configs = [
            {
                key: value
                for key, value in (
                    ("subnet", item.get("Subnet")),
                    ("ipRange", item.get("IPRange")),
                    ("gateway", item.get("Gateway")),
                    ("auxAddress", item.get("AuxiliaryAddresses")),
                )
                if value
            }
            for item in ipam.get("Config") or []
        ]
        return {
            "name": now["Name"],
            "labels": labels_from_map(now.get("Labels")),
            "driver": now["Driver"],
            "options": now.get("Options") or {},
            "internal": bool(now.get("Internal")),
            "attachable": bool(now.get("Attachable")),
            "ingress": bool(now.get("Ingress")),
            "ipv6": bool(now.get("EnableIPv6")),
            "ipamDriver": ipam.get("Driver") or "default",
            "ipamOptions": ipam.get("Options") or {},
            "ipamConfigs": configs,
            "scope": now["Scope"],
        }

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        from docker.errors import NotFound

        engine, end = ctx.provider.engine, time.monotonic() + (timeout or _REMOVE_TIMEOUT)
        while True:
            try:
                with engine.doing("Unable to remove network"):
                    engine.client.remove_network(id)
                return
            except NotFound:
                return
            except ProviderError as error:
                if "has active endpoints" not in str(error) or time.monotonic() > end:
                    raise
            if ctx.cancelled.wait(1):
                raise ProviderError("cancelled while waiting for the network's containers to leave")
