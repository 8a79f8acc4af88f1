"""Config of what runs in containers: the network's name is fixed, datastores and services can be tuned."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mech_infra.config.types import Cpus, Megabytes, Port, Section


class RedisConfig(Section):
    image: str = "redis:alpine"
    memory_mb: Megabytes = Field(512, description="container limit in MiB (guide: 512m)")
    cpus: Cpus = 0.5
    save: str = Field("900 1", description="snapshot rule: seconds and changes", pattern=r"^(\d+ \d+( \d+ \d+)*)?$")
    append_only: bool = Field(
        True, description="log every write, to disk each second; false keeps only what a snapshot caught"
    )


class MongoConfig(Section):
    image: str = "mongo:7"
    memory_mb: Megabytes = 1024
    cpus: Cpus = 1.0


class DatastoresConfig(Section):
    """Redis and MongoDB. Passwords are the stack secrets REDIS_PASSWORD and MONGODB_PASSWORD; absent: no auth."""

    redis: RedisConfig = RedisConfig()
    mongodb: MongoConfig = MongoConfig()

    @property
    def images(self) -> dict[str, str]:
        """Image reference of each datastore."""
        return {"redis": self.redis.image, "mongodb": self.mongodb.image}


class ServiceConfig(Section):
    """What a stack may change of one catalogue service; empty fields keep the catalogue's value."""

    image: str | None = Field(None, description="whole image reference; else REGISTRY/CONTAINER:VERSION")
    version: str | None = None
    port: Port | None = None
    memory_mb: Megabytes | None = None
    cpus: Cpus | None = None
    replicas: int = Field(1, ge=1, le=9, description="containers behind nginx: mech-llms, mech-llms-2, …")
    read_timeout_s: int | None = Field(
        None,
        ge=1,
        le=3600,
        description="seconds that nginx waits for an answer's next bytes; else mech:proxy.readTimeoutS",
    )
    environment: dict[str, str] = Field(
        default_factory=dict, description="plain settings; secrets go to Pulumi secrets"
    )


class RolloutConfig(Section):
    """How a changed service takes over from the version before; all times are seconds."""

    at_once: int = Field(4, ge=1, le=8, description="services that may start at the same time")
    start_timeout_s: int = Field(
        40, ge=5, le=240, description="a new version must be healthy by then, or it is refused"
    )
    watch_s: int = Field(
        25, ge=0, le=200, description="it must stay healthy for so long, or the version before serves again"
    )
    drain_s: int = Field(
        30,
        ge=0,
        le=200,
        description="requests under way at the version before may take so long, and as long again to end",
    )
    outage: Literal["tell", "refuse"] = Field(
        "tell",
        description="a change that interrupts (a database made anew): named in the plan, or refused unless mech:allow has it",
    )


class ImagesConfig(Section):
    registry: str = Field("ghcr.io/mech-is", description="where the services' images are", min_length=1)
    version: str = Field("1.0.0", description="tag of the services' images", min_length=1)
    registry_user: str | None = Field(
        None,
        description="where they are private: who pulls them; goes with the stack secret REGISTRY_TOKEN",
        pattern=r"^[^\s:]+$",
    )
