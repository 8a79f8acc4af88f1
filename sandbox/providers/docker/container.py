"""docker:index/container:Container. Source: terraform-provider-docker, resource_docker_container*.go."""

from __future__ import annotations

import base64
import io
import tarfile
import time
from pathlib import Path
from typing import ClassVar

from sandbox.providers.bridge import Field, Values
from sandbox.providers.contract import CheckFailure, Context, PartialError, ProviderError
from sandbox.providers.values import Unknown

from . import inspect, payload
from .container_fields import FIELDS, UPDATABLE
from .engine import Engine
from .image import find_image
from .shape import DockerResource

_RESTARTS = ("no", "on-failure", "always", "unless-stopped")


class Container(DockerResource):
    token = "docker:index/container:Container"  # noqa: S105 - a type token
    terraform = "docker_container"
    fields: ClassVar[dict[str, Field]] = FIELDS
    nested_computed = frozenset({"external"})
    timeouts: ClassVar[dict[str, int]] = {"create": 1200, "update": 1200, "delete": 1200}
    schema_version = 2

    def validate(self, inputs: Values) -> list[CheckFailure]:
        found = []
        restart = inputs.get("restart")
        if isinstance(restart, str) and restart not in _RESTARTS:
            found.append(CheckFailure("restart", f"{restart!r} is not one of {', '.join(_RESTARTS)}"))
        for name, least in (
            ("memory", 0),
            ("memoryReservation", 0),
            ("memorySwap", -1),
            ("cpuShares", 0),
            ("shmSize", 0),
        ):
            value = inputs.get(name)
            if isinstance(value, int) and value < least:
                found.append(CheckFailure(name, f"{name} cannot be less than {least}, got {value}"))
        check = inputs.get("healthcheck")
        if isinstance(check, dict):
            for name in ("interval", "timeout", "startPeriod", "startInterval"):
                try:
                    if isinstance(check.get(name), str):
                        payload.nanoseconds(check[name])
                except ValueError as error:
                    found.append(CheckFailure(f"healthcheck.{name}", str(error)))
        ports = inputs.get("ports")
        for index, port in enumerate(ports if isinstance(ports, list) else []):
            if isinstance(port, Unknown):
                continue
            for name in ("internal", "external"):
                value = port.get(name)
                if isinstance(value, int) and not 0 <= value <= 65535:
                    found.append(CheckFailure(f"ports[{index}].{name}", f"{value} is not a port (0 to 65535)"))
        return found

    def planned_extra(self, inputs: Values) -> Values:
        ports = enumerate(inputs.get("ports") or [])
        return {f"ports.{index}.ip": port["ip"] for index, port in ports if isinstance(port, dict) and port.get("ip")}

    # -- life -------------------------------------------------------------------------------------------------

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        from docker.errors import NotFound

        engine: Engine = ctx.provider.engine
        image = inputs["image"]
        try:
            find_image(engine, image)
        except ProviderError as error:
            raise ProviderError(f"Unable to create container with image {image}: {error}") from error
        body = payload.container(inputs)
        with engine.doing("Unable to create container", absent=False):
            made = engine.client.create_container_from_config(
                body, inputs["name"], platform=inputs.get("platform") or None
            )
        id = str(made["Id"])
        try:
            logs = self._bring_up(ctx, engine, id, inputs)
            found = self.fetch(ctx, id, {**inputs, **({} if logs is None else {"containerLogs": logs})})
        except NotFound as error:
            raise self._half_made(ctx, id, inputs, engine.reason(error)) from error
        except ProviderError as error:
            raise self._half_made(ctx, id, inputs, str(error)) from error
        if found is None:  # `rm` and a command that ended at once
            found = inputs
        return id, found

    def _half_made(self, ctx: Context, id: str, inputs: Values, message: str) -> PartialError:
        try:
            found = self.fetch(ctx, id, inputs)
        except ProviderError:
            found = None
        return PartialError(id, found or inputs, message)

    def _bring_up(self, ctx: Context, engine: Engine, id: str, inputs: Values) -> str | None:
        """Networks, files, start, health, attach; the logs when they are wanted."""
        networks = inputs.get("networksAdvanced") or []
        if networks:
            self._leave_bridge(engine, id)
        for item in networks:
            with engine.doing(f"Unable to connect to network '{item['name']}'", absent=False):
                _post(
                    engine,
                    f"/networks/{item['name']}/connect",
                    {"Container": id, "EndpointConfig": payload.endpoint(item)},
                )
        for item in inputs.get("uploads") or []:
            with engine.doing("Unable to upload volume content", absent=False):
                engine.client.put_archive(id, "/", _archive(item))
        if inputs.get("start", True):
            with engine.doing("Unable to start container", absent=False):
                engine.client.start(id)
            if inputs.get("wait"):
                self._wait_healthy(ctx, engine, id, float(inputs.get("waitTimeout", 60)))
        if not inputs.get("attach"):
            return None
        with engine.doing("Unable to wait container end of execution"):
            engine.client.wait(id)
        if not inputs.get("logs"):
            return None
        with engine.doing("unable to read container logs"):
            return str(engine.client.logs(id, stdout=True, stderr=True).decode(errors="replace"))

    def _leave_bridge(self, engine: Engine, id: str) -> None:
        try:
            with engine.doing("Unable to disconnect the default network"):
                engine.client.disconnect_container_from_network(id, "bridge")
        except ProviderError as error:
            if "is not connected to" not in str(error):
                raise

    def _wait_healthy(self, ctx: Context, engine: Engine, id: str, limit: float) -> None:
        end = time.monotonic() + limit
        while True:
            with engine.doing("error inspecting container state"):
                health = engine.client.inspect_container(id)["State"].get("Health")
            if not health or health.get("Status") == "none":
                raise ProviderError(
                    "you have supplied a 'wait' argument, but the container does not have a healthcheck defined. "
                    "Please remove the 'wait' argument or add a 'healthcheck' attribute"
                )
            if health["Status"] == "healthy":
                return
            if time.monotonic() > end or ctx.cancelled.wait(0.5):
                raise ProviderError("container failed to be in healthy state")

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        from docker.errors import NotFound

        engine: Engine = ctx.provider.engine
        try:
            with engine.doing(f"Unable to inspect container {id[:12]}"):
                now = engine.client.inspect_container(id)
        except NotFound:
            return None
        return inspect.outputs(now, known)

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        from docker.errors import NotFound

        engine: Engine = ctx.provider.engine
        try:
            if not old.get("mustRun", True) and inputs.get("mustRun", True) and inputs.get("start", True):
                with engine.doing("Unable to start container", absent=False):
                    engine.client.start(id)
            if any((old.get(name) or None) != (inputs.get(name) or None) for name in UPDATABLE):
                with engine.doing("Unable to update a container"):
                    _post(engine, f"/containers/{id}/update", payload.update(inputs))
        except NotFound as error:
            raise ProviderError(f"{engine.reason(error)}: run `pulumi refresh`, then `pulumi up`") from error
        kept = {name: old[name] for name in self.computed if name in old}
        found = self.fetch(ctx, id, {**kept, **inputs})
        if found is None:
            raise ProviderError(f"container {id[:12]} is gone: run `pulumi refresh`, then `pulumi up`")
        return found

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        from docker.errors import NotFound

        engine: Engine = ctx.provider.engine
        try:
            if not old.get("attach"):
                with engine.doing(f"Error stopping container {id}"):
                    engine.client.stop(id, timeout=int(old.get("destroyGraceSeconds") or 0))
            with engine.doing(f"Error deleting container {id}"):
                engine.client.remove_container(id, v=bool(old.get("removeVolumes", True)), force=True)
        except NotFound:
            return
        except ProviderError as error:
            if "is already in progress" not in str(error):
                raise
        self._wait_gone(ctx, engine, id)

    def _wait_gone(self, ctx: Context, engine: Engine, id: str) -> None:
        """A name is free only when the container is gone."""
        from docker.errors import NotFound

        for _ in range(100):
            try:
                with engine.doing("Error waiting for container removal"):
                    engine.client.inspect_container(id)
            except NotFound:
                return
            if ctx.cancelled.wait(0.2):
                return
        raise ProviderError(f"container {id[:12]} is still there 20 s after its removal")


def _post(engine: Engine, path: str, body: Values) -> None:
    """An Engine API call that docker-py has no complete method for (device limits, gateway priority)."""
    client = engine.client
    client._raise_for_status(client._post_json(client._url(path), data=body))


def _archive(item: Values) -> bytes:
    """One upload as a tar for PUT /containers/ID/archive."""
    given = [name for name in ("content", "contentBase64", "source") if item.get(name)]
    if not given:
        raise ProviderError("error with upload content: one of 'content', 'content_base64', or 'source' must be set")
    if len(given) > 1:
        raise ProviderError(
            "error with upload content: only one of 'content', 'content_base64', or 'source' can be set"
        )
    if given == ["content"]:
        data = str(item["content"]).encode()
    elif given == ["contentBase64"]:
        data = base64.b64decode(item["contentBase64"])
    else:
        try:
            data = Path(item["source"]).read_bytes()
        except OSError as error:
            raise ProviderError(f"could not read file: {error}") from error
    info = tarfile.TarInfo(str(item["file"]))
    info.size, info.mtime = len(data), int(time.time())
    info.mode = int(item["permissions"], 8) if item.get("permissions") else 0o744 if item.get("executable") else 0o644
    info.uid, info.gid = (int(item[key]) if str(item.get(key, "")).isdigit() else 0 for key in ("owner", "group"))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
