"""Config of what runs in containers: the network's name is fixed, datastores and services can be tuned."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mech_infra.config.types import Cpus, EnvironmentText, Megabytes, Port, Section, wrong


class RedisConfig(Section):
    """Redis: the queue's jobs."""

    image: str = Field(
        "redis:alpine",
        description="its image",
        examples=["redis:8.0-alpine"],
        json_schema_extra=wrong(
            "Another image makes the container anew: some seconds without Redis. One that cannot read the data's format is "
            "refused; a password needs 6.2 or newer"
        ),
    )
    memory_mb: Megabytes = Field(
        512,
        description="the container's limit in MiB (guide: 512m); Redis itself takes three quarters of it",
        examples=[1024],
        json_schema_extra=wrong(
            "When it is full, Redis refuses writes, and throws no job away. Changed without a restart"
        ),
    )
    cpus: Cpus = Field(
        0.5,
        description="the container's cores",
        examples=[1],
        json_schema_extra=wrong("Another number makes the container anew: some seconds without Redis"),
    )
    save: str = Field(
        "900 1",
        description="when a snapshot is written: seconds and changes, several pairs if you like; empty: never",
        examples=["900 1 300 10"],
        pattern=r"^(\d+ \d+( \d+ \d+)*)?$",
        json_schema_extra=wrong(
            "Empty and without appendOnly, the queue is empty after a restart: the policy data-redis-persistence refuses it"
        ),
    )
    append_only: bool = Field(
        True,
        description="log every write, to disk each second; false keeps only what a snapshot caught",
        examples=[False],
        json_schema_extra=wrong("With false, a crash loses the jobs since the last snapshot (15 minutes by default)"),
    )


class MongoConfig(Section):
    """MongoDB: what the services keep."""

    image: str = Field(
        "mongo:7",
        description="its image",
        examples=["mongo:7.0.14"],
        json_schema_extra=wrong(
            "Another image makes the container anew: about 15 s without MongoDB. An older one than wrote the data, or one that "
            "skips a release (5 to 7), is refused: it would not start"
        ),
    )
    memory_mb: Megabytes = Field(
        1024,
        description="the container's limit in MiB",
        examples=[2048],
        json_schema_extra=wrong("Too little: the kernel ends MongoDB, and it starts again. Changed without a restart"),
    )
    cpus: Cpus = Field(
        1.0,
        description="the container's cores",
        examples=[1.5],
        json_schema_extra=wrong("Another number makes the container anew: about 15 s without MongoDB"),
    )


class DatastoresConfig(Section):
    """Redis and MongoDB. Their passwords are the secrets REDIS_PASSWORD and MONGODB_PASSWORD; absent: nobody is asked."""

    redis: RedisConfig = RedisConfig()
    mongodb: MongoConfig = MongoConfig()

    @property
    def images(self) -> dict[str, str]:
        """Image reference of each datastore."""
        return {"redis": self.redis.image, "mongodb": self.mongodb.image}


class ServiceConfig(Section):
    """What a stack may change of one service of the catalogue; what is not set stays as the catalogue has it.

    Another image, version, port, memoryMb, cpus or environment is a new version of that service, which takes over without
    an outage.
    """

    image: str | None = Field(
        None,
        description="the whole image reference; not set: REGISTRY/CONTAINER:VERSION by mech:images",
        examples=["ghcr.io/mech-is/mech-llms:1.0.1"],
        json_schema_extra=wrong(
            "Without a tag, or with latest, two hosts run two versions: the policy services-latest-image warns"
        ),
    )
    version: str | None = Field(
        None,
        description="the tag of this service's image, in quotes; not set: mech:images.version",
        examples=["1.0.1"],
        json_schema_extra=wrong("Without quotes 1.10 is the number 1.1, and refused. `image`, where it is set, wins"),
    )
    port: Port | None = Field(
        None,
        description="TCP port on which it listens, in its container and by nginx on the host; not set: the catalogue's",
        examples=[3003],
        json_schema_extra=wrong(
            "One that another service, nginx, SSH or a database has is refused; so is one outside 3001:3010 while "
            "mech:firewall.exposeServicePorts is true"
        ),
    )
    memory_mb: Megabytes | None = Field(
        None,
        description="the limit of each of its containers in MiB; not set: the catalogue's",
        examples=[1024],
        json_schema_extra=wrong(
            "Too little: the kernel ends it (exit code 137). More than mech:host.plan has is refused"
        ),
    )
    cpus: Cpus | None = Field(
        None,
        description="cores of each of its containers; not set: the catalogue's",
        examples=[0.25],
        json_schema_extra=wrong(
            "A number that the Docker provider reads back as another one (0.05) is refused, and a good one is named"
        ),
    )
    replicas: int = Field(
        1,
        description="containers behind nginx: mech-llms, mech-llms-2, …",
        examples=[2],
        ge=1,
        le=9,
        json_schema_extra=wrong("Each takes memoryMb; a service that keeps something in its memory keeps it once each"),
    )
    read_timeout_s: int | None = Field(
        None,
        description="seconds that nginx waits for an answer's next bytes; not set: mech:proxy.readTimeoutS",
        examples=[30],
        ge=1,
        le=3600,
        json_schema_extra=wrong("Shorter than the service takes: 504. Over 120: the edge's 524 comes first"),
    )
    environment: dict[str, EnvironmentText] = Field(
        default_factory=dict,
        description="plain settings. A number or a boolean is taken as text, as Docker has it: `LIMIT: 5` is `5`, `DEBUG: true` "
        "is `true`. YAML reads it first: `True` is `true`, `1.10` is `1.1`, `0644` is `420`, a date gets a time; `yes`, `no`, "
        "`on` and `off` stay as they are. In quotes everything arrives as it is written",
        examples=[{"LOG_LEVEL": "debug", "LIMIT": 5, "DEBUG": True}],
        json_schema_extra=wrong(
            "A list, a map or nothing is refused. A key or password here is plain text in plan, state and history, even where "
            "this file has it encrypted: those are the secrets below. SERVICE_NAME, PORT, REDIS_URL and MONGODB_URI are set for "
            "you; what you write in their place wins, and the policies refuse a PORT that is not the published one"
        ),
    )


class RolloutConfig(Section):
    """How a changed service takes over from the version before."""

    at_once: int = Field(
        4,
        description="services that may start at the same time",
        examples=[2],
        ge=1,
        le=8,
        json_schema_extra=wrong("More than the host's cores carry: they start slowly, and startTimeoutS refuses them"),
    )
    start_timeout_s: int = Field(
        40,
        description="seconds in which a new version must be healthy, or it is refused and the one before goes on serving",
        examples=[120],
        ge=5,
        le=240,
        json_schema_extra=wrong("Shorter than the service takes to start on a busy host: a good version is refused"),
    )
    watch_s: int = Field(
        25,
        description="seconds for which it must stay healthy, or the version before serves again",
        examples=[60],
        ge=0,
        le=200,
        json_schema_extra=wrong("With 0, a version that falls ill after its first answer stays"),
    )
    drain_s: int = Field(
        30,
        description="seconds that requests under way at the version before may take, and as long again to end",
        examples=[120],
        ge=0,
        le=200,
        json_schema_extra=wrong("Shorter than an upload or a stream takes: it is cut"),
    )
    outage: Literal["tell", "refuse"] = Field(
        "tell",
        description="a change that interrupts (a database made anew): named in the plan, or refused unless mech:allow has it",
        examples=["refuse"],
        json_schema_extra=wrong("With tell, `pulumi up --yes` interrupts without asking anybody"),
    )


class ImagesConfig(Section):
    """Where the services' images come from."""

    registry: str = Field(
        "ghcr.io/mech-is",
        description="registry and owner of the services' images",
        examples=["registry.example.com/mech"],
        min_length=1,
        json_schema_extra=wrong(
            "An image that is not there: one sentence names it and the registry, and nothing is changed. `mech preflight` asks for "
            "every image before"
        ),
    )
    version: str = Field(
        "1.0.0",
        description="the tag of the services' images, in quotes",
        examples=["1.0.1"],
        min_length=1,
        json_schema_extra=wrong(
            "Without quotes 1.10 is the number 1.1, and refused. A tag that nobody pushed: nothing is changed"
        ),
    )
    registry_user: str | None = Field(
        None,
        description="who pulls them, where they are private; goes with the secret REGISTRY_TOKEN",
        examples=["mech-puller"],
        pattern=r"^[^\s:]+$",
        json_schema_extra=wrong("Without REGISTRY_TOKEN (or that without this) it is refused"),
    )
