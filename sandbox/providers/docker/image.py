"""docker:index/remoteImage:RemoteImage. Source: terraform-provider-docker, resource_docker_image*.go."""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.providers.bridge import Field, Values, optional, output, required
from sandbox.providers.contract import CheckFailure, Context, ProviderError

from .engine import Engine
from .shape import DockerResource


def local_image(engine: Engine, name: str) -> Values | None:
    """The daemon's own image of that name, or None."""
    from docker.errors import NotFound

    try:
        with engine.doing(f"unable to inspect image {name}"):
            return dict(engine.client.inspect_image(name))
    except NotFound:
        return None


def find_image(engine: Engine, name: str, platform: str = "") -> Values:
    """The image, pulled when the daemon has none of that name (an old one of the same tag stays)."""
    if not name:
        raise ProviderError("empty image name is not allowed")
    found = local_image(engine, name)
    if found is not None:
        return found
    _pull(engine, name, platform)
    found = local_image(engine, name)
    if found is None:
        raise ProviderError(f"unable to find or pull image {name}")
    return found


def _pull(engine: Engine, name: str, platform: str) -> None:
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(name)
    what = f"unable to pull image {name}: error pulling image {name}"
    with engine.doing(what, absent=False):
        lines = engine.client.pull(
            repository,
            tag or "latest",
            stream=True,
            decode=True,
            auth_config=engine.auth_for(name),
            platform=platform or None,
        )
        for _ in lines:
            pass  # upstream reads to the end and looks at nothing: a pull that fails half-way is "unable to find or pull"


def repo_digest(name: str, image: Values) -> str:
    """The one digest, else that of the name's repository."""
    digests: list[str] = list(image.get("RepoDigests") or [])
    if len(digests) == 1:
        return digests[0]
    from docker.utils import parse_repository_tag

    repository = parse_repository_tag(name)[0]
    return next((digest for digest in digests if digest.split("@")[0] == repository), "")


class RemoteImage(DockerResource):
    token = "docker:index/remoteImage:RemoteImage"  # noqa: S105 - a type token
    terraform = "docker_image"
    fields: ClassVar[dict[str, Field]] = {
        "name": required(replace=True),
        "keepLocally": optional("bool"),
        "pullTriggers": optional("list", unordered=True, replace=True),
        "forceRemove": optional("bool"),
        "build": optional("object"),
        "triggers": optional("map", replace=True),
        "platform": optional(replace=True),
        "imageId": output(),
        "repoDigest": output(),
    }
    timeouts: ClassVar[dict[str, int]] = {"create": 1200, "update": 1200, "delete": 1200}

    def validate(self, inputs: Values) -> list[CheckFailure]:
        if inputs.get("build"):
            return [CheckFailure("build", "building images is not covered by the docker stand-in: pull one")]
        return []

    def _outputs(self, image: Values, inputs: Values) -> Values:
        kept = {name: inputs[name] for name, field in self.fields.items() if field.role != "output" and name in inputs}
        return {**kept, "imageId": image["Id"], "repoDigest": repo_digest(str(inputs["name"]), image)}

    def make(self, ctx: Context, inputs: Values, timeout: float) -> tuple[str, Values]:
        try:
            image = find_image(ctx.provider.engine, inputs["name"], inputs.get("platform") or "")
        except ProviderError as error:
            raise ProviderError(f"Unable to read Docker image into resource: {error}") from error
        return image["Id"] + inputs["name"], self._outputs(image, inputs)

    def import_id(self, ctx: Context, id: str) -> tuple[str, Values]:
        # Upstream has no importer, but the id holds the name.
        return id, {"name": id.removeprefix("sha256:")[64:] if id.startswith("sha256:") else id}

    def fetch(self, ctx: Context, id: str, known: Values) -> Values | None:
        image = local_image(ctx.provider.engine, str(known["name"]))
        return None if image is None else self._outputs(image, known)

    def read(self, ctx: Context, id: str, inputs: Values, outputs: Values) -> tuple[str, Values, Values] | None:
        found = super().read(ctx, id, inputs, outputs)
        if found is None:
            return None
        id = found[1]["imageId"] + found[1]["name"]  # another image under the name is another id
        return id, {**found[1], "id": id}, found[2]

    def change(self, ctx: Context, id: str, old: Values, inputs: Values, timeout: float) -> Values:
        return self.make(ctx, inputs, timeout)[1]

    def remove(self, ctx: Context, id: str, old: Values, timeout: float) -> None:
        from docker.errors import NotFound

        engine: Any = ctx.provider.engine
        if old.get("keepLocally") or local_image(engine, str(old["name"])) is None:
            return
        try:
            with engine.doing("Unable to remove Docker image"):
                engine.client.remove_image(old["name"], force=bool(old.get("forceRemove")))
        except NotFound:
            return
