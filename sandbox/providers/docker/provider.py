"""The docker plugin: seven resources and two functions."""

from __future__ import annotations

from typing import Any

from sandbox.providers.contract import CheckFailure, Context, Provider, ProviderError

from .container import Container
from .engine import Engine
from .image import RemoteImage, local_image, repo_digest
from .network import Network
from .secret import Secret, ServiceConfig
from .service import Service
from .volume import Volume


class Docker(Provider):
    name = "docker"
    version = "5.2.0"
    resources = (Network, Volume, RemoteImage, Container, Secret, ServiceConfig, Service)
    secret_config = frozenset({"certMaterial", "keyMaterial", "caMaterial", "registryAuth"})
    sdk_v2 = True

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine({})

    def check_config(self, ctx: Context, news: dict[str, Any]) -> list[CheckFailure]:
        host = news.get("host")
        if isinstance(host, str) and "://" not in host:
            return [
                CheckFailure("host", f"unable to parse docker host `{host}`: it begins with ssh://, unix:// or tcp://")
            ]
        return []

    def configure(self, ctx: Context, config: dict[str, Any]) -> None:
        self.engine = Engine(config)

    def invoke(self, ctx: Context, token: str, args: dict[str, Any]) -> dict[str, Any]:
        from docker.errors import NotFound

        name = str(args.get("name", ""))
        if token == "docker:index/getRemoteImage:getRemoteImage":  # noqa: S105 - a function token
            image = local_image(self.engine, name)
            if image is None:
                raise ProviderError(f"did not find docker image '{name}'")
            return {"name": name, "id": image["Id"], "repoDigest": repo_digest(name, image)}
        if token == "docker:index/getNetwork:getNetwork":  # noqa: S105 - a function token
            try:
                with self.engine.doing("Could not find docker network"):
                    id = str(self.engine.client.inspect_network(name)["Id"])
            except NotFound as error:
                raise ProviderError(f"Could not find docker network: {self.engine.reason(error)}") from error
            found = Network().fetch(ctx, id, {}) or {}
            keys = ("name", "driver", "options", "internal", "ipamConfigs", "scope")
            return {"id": id, **{key: found[key] for key in keys if key in found}}
        return super().invoke(ctx, token, args)
