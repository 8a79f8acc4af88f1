"""docker:index/service:Service. Source: terraform-provider-docker, resource_docker_service*.go."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from sandbox.providers.bridge import Field, Values
from sandbox.providers.contract import CheckFailure, Context, Diff, PartialError, ProviderError, top
from sandbox.providers.notes import keep_notes, noted
from sandbox.providers.values import UNKNOWN, Unknown, has_unknown

from . import blocks, converging, service_inspect, service_spec
from .engine import Engine
from .payload import nanoseconds
from .service_fields import CHOICES, DURATIONS, FIELDS
from .shape import DockerResource


class Service(DockerResource):
    token = "docker:index/service:Service"  # noqa: S105 - a type token
    terraform = "docker_service"
    fields: ClassVar[dict[str, Field]] = FIELDS
    schema_version = 2
    read_delay: ClassVar[float] = 2.0  # seconds before each read, as upstream waits

    def validate(self, inputs: Values) -> list[CheckFailure]:
        found = []
        for path, choices in CHOICES.items():
            value = _at(inputs, path)
            if isinstance(value, str) and value not in choices:
                found.append(CheckFailure(path, f"{value!r} is not one of {', '.join(choices)}"))
        for path in DURATIONS:
            value = _at(inputs, path)
            try:
                if isinstance(value, str):
                    nanoseconds(value)
            except ValueError as error:
                found.append(CheckFailure(path, str(error)))
        if _at(inputs, "mode.global") is True and (_at(inputs, "mode.replicated") or inputs.get("convergeConfig")):
            found.append(CheckFailure("mode.global", "conflicts with mode.replicated and convergeConfig"))
        return found

    # -- plans ------------------------------------------------------------------------------------------------

    def preview(self, ctx: Context, inputs: Values) -> Values:
        return self._state(blocks.planned(FIELDS, None, inputs), UNKNOWN, None)

    def preview_update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values) -> Values:
        plan = blocks.planned(FIELDS, old_outputs, inputs)
        return {**plan, "id": id} if has_unknown(plan) else self._state(plan, id, None)

    def diff(self, ctx: Context, id: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        found = blocks.changes(FIELDS, old_outputs, blocks.planned(FIELDS, old_outputs, news), news)
        diff = Diff({path: kind for path, (kind, _) in found.items()}, [path for path in found if found[path][1]])
        diff.stables = sorted(self.replace_on - {top(path) for path in diff.replaces})
        diff.delete_before_replace = not re.fullmatch(re.escape(ctx.name) + "-[0-9a-f]{7}", str(news.get("name", "")))
        return diff

    # -- life -------------------------------------------------------------------------------------------------

    def create(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        engine, plan = ctx.provider.engine, blocks.planned(FIELDS, None, inputs)
        body, auth = service_spec.spec(plan), _auth(engine, inputs)
        _resolve(engine, body["TaskTemplate"], auth)
        with _asking(engine):
            made = _post(engine, "/services/create", body, auth)
        id = str(made["ID"])
        if inputs.get("convergeConfig"):
            try:
                converging.wait(ctx, engine, id, inputs["convergeConfig"], None)
            except ProviderError:
                self.remove(ctx, id, inputs, timeout)  # upstream's: one that does not come up is not left behind
                raise
        return id, self._applied(ctx, id, plan)

    def update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values, timeout: float) -> Values:
        engine, plan = ctx.provider.engine, blocks.planned(FIELDS, old_outputs, inputs)
        with _asking(engine):
            version = engine.client.inspect_service(id)["Version"]["Index"]
            body = service_spec.spec(plan)
            container = body["TaskTemplate"]["ContainerSpec"]
            container["Image"] = _tagged(container["Image"])
            _post(engine, f"/services/{id}/update?version={version}", body, _auth(engine, inputs))
        if inputs.get("convergeConfig"):
            try:
                converging.wait(ctx, engine, id, inputs["convergeConfig"], converging.UPDATE_DELAY)
            except ProviderError as error:  # upstream's: the state then says what was wanted, until a refresh
                raise PartialError(id, self._state(plan, id, self._meta({})), str(error)) from error
        return self._applied(ctx, id, plan)

    def _applied(self, ctx: Context, id: str, plan: Values) -> Values:
        now = self._look(ctx, id, plan)
        if now is None:
            raise ProviderError(f"service {id} is gone: run `pulumi refresh`, then `pulumi up`")
        return self._state(blocks.applied(FIELDS, plan, now[1]), id, self._meta({}))

    def read(self, ctx: Context, id: str, inputs: Values, outputs: Values) -> tuple[str, Values, Values] | None:
        importing = not inputs and not outputs
        found = self._look(ctx, id, {**inputs, **outputs})
        if found is None:
            return None
        id, now = found
        if importing:
            new_inputs = self.inputs_from(now, None)
            new_inputs = noted(FIELDS, new_inputs, new_inputs)
        else:
            new_inputs = keep_notes(blocks.echoed(FIELDS, inputs, now), ctx.raw_inputs)
        return id, self._state(now, id, ctx.meta or self._meta({})), new_inputs

    def _look(self, ctx: Context, id: str, known: Values) -> tuple[str, Values] | None:
        """(id, state). As upstream: one that bears the name is the service, too."""
        engine: Engine = ctx.provider.engine
        ctx.cancelled.wait(self.read_delay)
        with _asking(engine, "Error fetching service information from Docker"):
            services: list[Any] = engine.client.services()
            one = next(
                (item for item in services if item["ID"] == id or item["Spec"]["Name"] == known.get("name")), None
            )
            if one is None:
                return None
            return str(one["ID"]), service_inspect.outputs(engine.client.inspect_service(one["ID"]), known)

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        engine: Engine = ctx.provider.engine
        grace = _at(old, "taskSpec.containerSpec.stopGracePeriod")
        seconds = nanoseconds(grace) / 1e9 if isinstance(grace, str) and grace else 0.0
        containers = []
        if seconds:
            with _asking(engine):
                tasks: list[Any] = engine.client.tasks({"service": old["name"]})
            for task in tasks:
                container = (task["Status"].get("ContainerStatus") or {}).get("ContainerID")
                if container and task["Status"]["State"] != "shutdown":
                    containers.append(str(container))
        with _asking(engine, f"Error deleting service with ID '{id}'"):
            engine.client.remove_service(id)
        for container in containers:
            _await_end(ctx, engine, container, seconds)


def _await_end(ctx: Context, engine: Engine, container: str, seconds: float) -> None:
    """Until this node's container is gone; those of other nodes are not known here, as upstream does not know them."""
    from docker.errors import NotFound

    end = time.monotonic() + seconds
    try:
        with engine.doing(f"error on wait for container with ID '{container}'"):
            while True:
                engine.client.inspect_container(container)
                if time.monotonic() > end:
                    raise ProviderError(f"error on wait for container with ID '{container}': context deadline exceeded")
                if ctx.cancelled.wait(0.2):
                    return
    except NotFound:
        return


def _at(values: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(values, dict):
            return None
        values = values.get(name)
    return None if isinstance(values, Unknown) else values


@contextmanager
def _asking(engine: Engine, what: str = "") -> Iterator[None]:
    """The daemon's own words when it refuses."""
    with engine.doing(what, absent=False):
        yield


def _auth(engine: Engine, inputs: Values) -> dict[str, str]:
    given = inputs.get("auth")
    if given:
        return {
            "username": given.get("username") or "",
            "password": given.get("password") or "",
            "serveraddress": given["serverAddress"],
        }
    return engine.auth_for(inputs["taskSpec"]["containerSpec"]["image"])


def _header(auth: dict[str, str]) -> dict[str, str]:
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(auth).encode()).decode()}


def _post(engine: Engine, path: str, body: Values, auth: dict[str, str]) -> Values:
    client = engine.client
    found: Values = client._result(client._post_json(client._url(path), data=body, headers=_header(auth)), True)
    return found


def _tagged(image: str) -> str:
    return image if "@" in image or ":" in image.rsplit("/", 1)[-1] else f"{image}:latest"


def _resolve(engine: Engine, task: Values, auth: dict[str, str]) -> None:
    """As Docker's client does before a create: the registry's digest, and the platforms that the image is for."""
    image = _tagged(task["ContainerSpec"]["Image"])
    task["ContainerSpec"]["Image"] = image
    client = engine.client
    try:
        with engine.doing("", absent=False):
            answer = client._get(client._url("/distribution/{0}/json", image), headers=_header(auth))
            found = client._result(answer, True)
    except ProviderError:
        return  # a warning there
    if "@" not in image:
        task["ContainerSpec"]["Image"] = f"{image}@{found['Descriptor']['digest']}"
    if found.get("Platforms"):
        task["Placement"]["Platforms"] = [
            {"Architecture": "" if item["architecture"] == "arm" else item["architecture"], "OS": item["os"]}
            for item in found["Platforms"]
        ]
