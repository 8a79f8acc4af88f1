"""Redis and MongoDB, on mech-network only: no port of theirs is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from mech_infra import catalogue
from mech_infra.commands import files, mongodb, redis
from mech_infra.commands.containers import DATABASE_GRACE_S
from mech_infra.commands.volume import DATA
from mech_infra.components.containers import Runtime, container
from mech_infra.components.host import Host
from mech_infra.config.workloads import DatastoresConfig, MongoConfig, RedisConfig
from mech_infra.facts.host import files as file_facts
from mech_infra.facts.host import mongodb as mongodb_facts
from mech_infra.facts.host import redis as redis_facts


@dataclass(frozen=True)
class DatastoresArgs:
    """The databases' config and passwords, and where they run."""

    config: DatastoresConfig
    secrets: Mapping[str, str]  # passwords, both optional
    host: Host
    runtime: Runtime
    ready: Sequence[pulumi.Resource]  # what must be there before a database is made


class Datastores(pulumi.ComponentResource):
    """Both databases.

    Declares: their config and passwords on the host, their containers on mech-network.
    Reads: redis.conf and the settings of the Redis that runs; who gets into either.
    Promises: data on the data volume; no published port; a password that changes lets both in until `settle`: the databases
    take the new one beside the former one (before `ready`), the services are made with it, then the former one goes. No
    container is made anew for it, but where MongoDB shall ask for a password and did not, or the other way round, since
    mongod knows that from its start.
    """

    def __init__(self, name: str, args: DatastoresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Datastores", name, None, opts)
        self._name, self._host, self._runtime, self._before = name, args.host, args.runtime, args.ready
        self._settling: dict[str, tuple[str, Sequence[pulumi.Input[str]]]] = {}  # by database: script, triggers
        # What a service needs before it is made.
        self.ready: list[pulumi.Resource] = []
        self.redis = self._redis(args.config.redis, args.secrets.get("REDIS_PASSWORD", ""))
        self.mongodb = self._mongodb(args.config.mongodb, args.secrets.get("MONGODB_PASSWORD", ""))
        self.register_outputs({"redis": self.redis.name, "mongodb": self.mongodb.name})

    def settle(self, after: Sequence[pulumi.Resource]) -> None:
        """Take the former passwords away, once `after`, which is all that used them, runs with the declared ones."""
        for database, (script, triggers) in self._settling.items():
            self._host.access.run(
                f"{self._name}-{database}-settle", script, parent=self, triggers=triggers, after=[*self.ready, *after]
            )

    def _redis(self, config: RedisConfig, password: str) -> docker.Container:
        name, access = f"{self._name}-redis", self._host.access
        repair = access.sense(
            f"{name}-state",
            "redis",
            [
                file_facts.file(redis.CONFIG, redis.render(config, password)),
                redis_facts.password(password),
                *(redis_facts.Setting(key, value) for key, value in redis.settings(config).items()),
            ],
            secret=True,
            parent=self,
        )
        written = access.run(
            f"{name}-conf",
            redis.apply(config),
            stdin=pulumi.Output.secret(files.encode(redis.wanted(config, password))),
            parent=self,
            triggers=[self._host.instance.id, repair],
            after=self._before,
        )
        made = container(
            name,
            container_name="redis",
            workload="redis",
            runtime=self._runtime,
            memory_mb=config.memory_mb,
            cpus=config.cpus,
            command=["redis-server", "/etc/redis/redis.conf"],
            mounts=[_mount("/etc/redis/redis.conf", redis.CONFIG, read_only=True), _mount("/data", f"{DATA}/redis")],
            # Stacks made before have a label of the config here, and the password; Redis would be made anew, once.
            ignore_changes=["labels", "envs"],
            health=["CMD-SHELL", "redis-cli ping | grep -q PONG"],
            wait=True,
            grace_s=DATABASE_GRACE_S,
            parent=self,
            after=[written, *self._before],
        )
        self.ready += [written, made]
        self._settling["redis"] = redis.settle(), [written.stdout, made.id]
        return made

    def _mongodb(self, config: MongoConfig, password: str) -> docker.Container:
        name, access = f"{self._name}-mongodb", self._host.access
        repair = access.sense(
            f"{name}-state", "mongodb", [mongodb_facts.password(password)], secret=bool(password), parent=self
        )
        # Without a password everything is as the image has it.
        command, mounts, before = None, [_mount("/data/db", f"{DATA}/mongodb")], self._before
        if password:
            let_in = access.run(
                f"{name}-password",
                mongodb.apply(),
                stdin=pulumi.Output.secret(files.encode(mongodb.wanted(password))),
                parent=self,
                triggers=[self._host.instance.id, repair],
                after=before,
            )
            command, before = mongodb.COMMAND, [let_in, *before]
            mounts.append(_mount(mongodb.START_TARGET, mongodb.START, read_only=True))
        made = container(
            name,
            container_name="mongodb",
            workload="mongodb",
            runtime=self._runtime,
            memory_mb=config.memory_mb,
            cpus=config.cpus,
            command=command,
            aliases=catalogue.DATABASES["mongodb"],
            mounts=mounts,
            health=["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand('ping')"],
            wait=True,
            grace_s=DATABASE_GRACE_S,
            parent=self,
            after=before,
        )
        self.ready.append(made)
        changed = repair
        if password:
            user = access.run(
                f"{name}-user", mongodb.ensure(), parent=self, triggers=[let_in.stdout, made.id], after=[made]
            )
            self.ready.append(user)
            changed = user.stdout
        self._settling["mongodb"] = mongodb.settle(bool(password)), [changed, made.id]
        return made


def urls(secrets: Mapping[str, str]) -> dict[str, str]:
    """How services name the databases: environment variable to URL, passwords included (so: a secret)."""
    return {
        "redis": redis.url(secrets.get("REDIS_PASSWORD", "")),
        "mongodb": mongodb.url(secrets.get("MONGODB_PASSWORD", "")),
    }


def _mount(target: str, source: str, *, read_only: bool = False) -> docker.ContainerMountArgs:
    return docker.ContainerMountArgs(target=target, source=source, type="bind", read_only=read_only or None)
