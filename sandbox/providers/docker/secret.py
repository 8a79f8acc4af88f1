"""docker:index/secret:Secret and docker:index/serviceConfig:ServiceConfig.

Source: terraform-provider-docker, resource_docker_secret.go and resource_docker_config.go.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, ClassVar

from sandbox.providers.bridge import Field, Values, optional, required
from sandbox.providers.contract import CheckFailure, Context, PartialError

from .engine import Engine
from .shape import LABELS, DockerResource, labels_from_map, labels_to_map


class _Kept(DockerResource):
    """A thing that the swarm keeps for its services, and that only a new one changes."""

    unique_name = False
    path: ClassVar[str]  # of the API

    def validate(self, inputs: Values) -> list[CheckFailure]:
        data = inputs.get("data")
        try:
            if isinstance(data, str):
                base64.b64decode(data, validate=True)
        except binascii.Error:
            return [CheckFailure("data", "expected base64 (with + and /, as Python's b64encode makes it)")]
        return []

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        engine: Engine = ctx.provider.engine
        data = inputs.get("data")
        if data is None:
            data = base64.b64encode(str(inputs.get("dataRaw", "")).encode()).decode()
        body = {"Name": inputs["name"], "Labels": labels_to_map(inputs.get("labels")) or None, "Data": data}
        client = engine.client
        with engine.doing("", absent=False):
            made = client._result(client._post_json(client._url(f"/{self.path}/create"), data=body), True)
        found = self.fetch(ctx, str(made["ID"]), inputs)
        if found is None:
            raise PartialError(str(made["ID"]), inputs, f"{inputs['name']} was gone as soon as it was made")
        return str(made["ID"]), found

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        from docker.errors import NotFound

        engine: Engine = ctx.provider.engine
        client = engine.client
        try:
            with engine.doing(""):
                now = client._result(client._get(client._url(f"/{self.path}/{{0}}", id)), True)
        except NotFound:
            return None
        return {**known, "name": now["Spec"]["Name"], **self.told(now["Spec"], known)}

    def told(self, spec: Values, known: Values) -> Values:
        """What else the swarm tells of it."""
        return {}

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        engine: Engine = ctx.provider.engine
        client = engine.client
        with engine.doing("", absent=False):
            client._raise_for_status(client._delete(client._url(f"/{self.path}/{{0}}", id)))


class Secret(_Kept):
    """Its content is never told, so that another one is seen by its name only (a hash, say)."""

    token = "docker:index/secret:Secret"  # noqa: S105 - a type token
    terraform = "docker_secret"
    path = "secrets"
    schema_version = 1
    fields: ClassVar[dict[str, Field]] = {
        "name": required(autoname=True, replace=True),
        "data": required(replace=True, secret=True),
        "labels": optional("list", unordered=True, parts=LABELS, replace=True),
    }


class ServiceConfig(_Kept):
    token = "docker:index/serviceConfig:ServiceConfig"  # noqa: S105 - a type token
    terraform = "docker_config"
    path = "configs"
    fields: ClassVar[dict[str, Field]] = {
        "name": required(autoname=True, replace=True),
        "data": optional(replace=True),
        "dataRaw": optional(replace=True),
        "labels": optional("list", unordered=True, parts=LABELS, replace=True),
    }

    def validate(self, inputs: Values) -> list[CheckFailure]:
        if ("data" in inputs) == ("dataRaw" in inputs):
            return [CheckFailure("data", "exactly one of data and dataRaw must be given")]
        return super().validate(inputs)

    def told(self, spec: Values, known: Values) -> Values:
        data: Any = spec.get("Data") or ""
        content = (
            {"dataRaw": base64.b64decode(data).decode(errors="replace")} if known.get("dataRaw") else {"data": data}
        )
        return {**content, "labels": labels_from_map(spec.get("Labels"))}
