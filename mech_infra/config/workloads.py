"""Config of what runs in containers: the network's name is fixed, datastores and services can be tuned."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from pydantic import AfterValidator, Field

from mech_infra.config.images import Image, Tag
from mech_infra.config.types import Cpus, EnvironmentText, Megabytes, Port, Section, wrong
from mech_infra.guard import versions

# What nobody runs in a database's place but by a slip.
_PROGRAMS = ("redis", "valkey", "mongo", "postgres", "mysql", "mariadb", "memcached", "nginx", "node", "python")


def _runs(image: str, what: str, programs: Collection[str], example: str) -> str:
    """Raises ValueError for an image whose name says that it is another program."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    if name in _PROGRAMS and name not in programs:
        raise ValueError(f"{image!r} is {name}, and would be asked as {what}; write an image of {what}, as {example}")
    return image


def _redis(image: str) -> str:
    return _runs(image, "Redis", ("redis", "valkey"), "redis:alpine")


def _mongodb(image: str) -> str:
    if (known := versions.of(image, "mongo")) and known[0] < 5:
        raise ValueError(
            f"{image!r} has no mongosh, by which it is asked whether it is well, so that `pulumi up` would wait in vain; write "
            "mongo:5 or newer"
        )
    return _runs(image, "MongoDB", ("mongo",), "mongo:7")


def _saves(save: str) -> str:
    pairs = [int(number) for number in save.split()]
    if any(seconds < 1 for seconds in pairs[::2]) or any(number >= 2**31 for number in pairs):
        raise ValueError(
            f"{save!r} has a number that Redis does not start with; write seconds from 1 on, then changes, as 900 1"
        )
    return save


class RedisConfig(Section):
    """Redis: the queue's jobs."""

    image: Annotated[Image, AfterValidator(_redis)] = Field(
        "redis:alpine",
        description="its image",
        examples=["redis:8.0-alpine"],
        json_schema_extra=wrong(
            "Another image makes the container anew: some seconds without Redis. One that cannot read the data's format is "
            "refused; a password needs 6.2 or newer",
            "mongo:7",
            "redis:",
            "https://hub.docker.com/_/redis",
        ),
    )
    memory_mb: Megabytes = Field(
        512,
        description="the container's limit in MiB (guide: 512m); Redis itself takes three quarters of it",
        examples=[1024],
        json_schema_extra=wrong(
            "When it is full, Redis refuses writes, and throws no job away. Changed without a restart", 16, 8192, "512m"
        ),
    )
    cpus: Cpus = Field(
        0.5,
        description="the container's cores",
        examples=[1],
        json_schema_extra=wrong("Another number makes the container anew: some seconds without Redis", 0, 64, "500m"),
    )
    save: Annotated[str, AfterValidator(_saves)] = Field(
        "900 1",
        description="when a snapshot is written: seconds and changes, several pairs if you like; empty: never",
        examples=["900 1 300 10"],
        pattern=r"^(\d+ \d+( \d+ \d+)*)?$",
        json_schema_extra=wrong(
            "Empty and without appendOnly, the queue is empty after a restart: the policy data-redis-persistence refuses it",
            "900",
            "0 1",
            "15min 1",
            form="pairs of numbers with a space between, as `900 1`, or empty",
        ),
    )
    append_only: bool = Field(
        True,
        description="log every write, to disk each second; false keeps only what a snapshot caught",
        examples=[False],
        json_schema_extra=wrong(
            "With false, a crash loses the jobs since the last snapshot (15 minutes by default)", "everysec"
        ),
    )


class MongoConfig(Section):
    """MongoDB: what the services keep."""

    image: Annotated[Image, AfterValidator(_mongodb)] = Field(
        "mongo:7",
        description="its image",
        examples=["mongo:7.0.14"],
        json_schema_extra=wrong(
            "Another image makes the container anew: about 15 s without MongoDB. An older one than wrote the data, or one that "
            "skips a release (5 to 7), is refused with the plan (mech_infra/guard/versions.py): it would not start",
            "mongo:4.4",
            "redis:alpine",
            "mongo 7",
        ),
    )
    memory_mb: Annotated[Megabytes, Field(ge=256)] = Field(
        1024,
        description="the container's limit in MiB",
        examples=[2048],
        json_schema_extra=wrong(
            "Too little: the kernel ends MongoDB, and it starts again; its cache alone takes 256. Changed without a restart",
            64,
            "1g",
        ),
    )
    cpus: Cpus = Field(
        1.0,
        description="the container's cores",
        examples=[1.5],
        json_schema_extra=wrong("Another number makes the container anew: about 15 s without MongoDB", 8, -1),
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

    image: Image | None = Field(
        None,
        description="the whole image reference; not set: REGISTRY/CONTAINER:VERSION by mech:images",
        examples=["ghcr.io/mech-is/mech-llms:1.0.1"],
        json_schema_extra=wrong(
            "Without a tag, or with latest, two hosts run two versions: the policy services-latest-image warns",
            "ghcr.io/Mech-IS/mech-llms:1.0.1",
            "ghcr.io/mech-is/mech-llms:",
            "https://ghcr.io/mech-is/mech-llms:1.0.1",
            "ghcr.io/mech-is/mech-llms:1.0 .1",
            "",
        ),
    )
    version: Tag | None = Field(
        None,
        description="the tag of this service's image, in quotes; not set: mech:images.version",
        examples=["1.0.1"],
        json_schema_extra=wrong(
            "Without quotes 1.10 is the number 1.1, and refused. Beside an `image` of another tag it means nothing, and is refused",
            1.1,
            "1.0.1 ",
            "mech-llms:1.0.1",
            "",
        ),
    )
    port: Port | None = Field(
        None,
        description="TCP port on which it listens, in its container and by nginx on the host; not set: the catalogue's",
        examples=[3003],
        json_schema_extra=wrong(
            "One that another service, nginx, SSH or a database has is refused, one below 1024, and the loopback's own of the "
            "services (13001 and on); so is one outside 3001:3010 while mech:firewall.exposeServicePorts is true",
            3001,
            22,
            27017,
            13008,
            4000,
            70000,
            "3008/tcp",
        ),
    )
    memory_mb: Megabytes | None = Field(
        None,
        description="the limit of each of its containers in MiB; not set: the catalogue's",
        examples=[1024],
        json_schema_extra=wrong(
            "Too little: the kernel ends it (exit code 137). More than mech:host.plan has beside the others is refused",
            8,
            8192,
            "1g",
            True,
        ),
    )
    cpus: Cpus | None = Field(
        None,
        description="cores of each of its containers; not set: the catalogue's",
        examples=[0.25],
        json_schema_extra=wrong(
            "A number that the Docker provider reads back as another one (0.05) is refused, and a good one is named; more than "
            "mech:host.plan has is refused, since Docker makes no such container",
            0.05,
            8,
            0,
            "2 cores",
            True,
        ),
    )
    replicas: int = Field(
        1,
        description="containers behind nginx: mech-llms, mech-llms-2, …",
        examples=[2],
        ge=1,
        le=9,
        json_schema_extra=wrong(
            "Each takes memoryMb; a service that keeps something in its memory keeps it once each", 0, 10, 5, True
        ),
    )
    read_timeout_s: int | None = Field(
        None,
        description="seconds that nginx waits for an answer's next bytes; not set: mech:proxy.readTimeoutS",
        examples=[30],
        ge=1,
        le=3600,
        json_schema_extra=wrong(
            "Shorter than the service takes: 504. Over 120 the edge's 524 comes first: refused as mech:proxy.readTimeoutS is",
            600,
            0,
        ),
    )
    environment: dict[str, EnvironmentText] = Field(
        default_factory=dict,
        description="plain settings. A number or a boolean is taken as text, as Docker has it: `LIMIT: 5` is `5`, `DEBUG: true` "
        "is `true`. YAML reads it first: `True` is `true`, `1.10` is `1.1`, `0644` is `420`, a date gets a time; `yes`, `no`, "
        "`on` and `off` stay as they are. In quotes everything arrives as it is written",
        examples=[{"LOG_LEVEL": "debug", "LIMIT": 5, "DEBUG": True}],
        json_schema_extra=wrong(
            "A list, a map or nothing is refused. A key or password here would be plain text in plan, state and history: refused, "
            "they are mech:serviceSecrets below. (One that is encrypted here by `pulumi config set --secret --path` stays a secret, "
            "but hides all of mech:services from `mech history`, `mech rollback` and `mech env`.) SERVICE_NAME, PORT, REDIS_URL and "
            "MONGODB_URI are set for you; what you write in their place wins, and is refused where nobody is there",
            {"SENTRY_TOKEN": "abc"},
            {"FALLBACK": "sk-proj-0123456789abcdef0123"},
            {"MIRROR": "https://me:hunter22@example.com/"},
            {"MONGODB_URI": "mongodb://localhost:27017/mech"},
            {"REDIS_URL": "http://redis:6379"},
            {"PORT": 3000},
            {"SERVICE_NAME": "chat"},
            {"OPENAI_API_KEY": "abc"},
            {"MOTD": "a\nb"},
            {"LIST": [1, 2]},
            {"MAP": {"a": 1}},
            {"NOTHING": None},
            {"LOG LEVEL": "debug"},
            "LOG_LEVEL=debug",
        ),
    )
