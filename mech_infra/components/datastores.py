"""Redis and MongoDB, on mech-network only: no port of theirs is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_docker as docker

from mech_infra.commands import files, redis
from mech_infra.commands.containers import DATABASE_GRACE_S
from mech_infra.commands.volume import DATA
from mech_infra.components.containers import Runtime, container
from mech_infra.components.host import Host
from mech_infra.config.workloads import DatastoresConfig
from mech_infra.drift import checks

# The names each answers to beside its own; the guide's check lists MongoDB's container as "mongo".
ALIASES: Mapping[str, tuple[str, ...]] = {"redis": (), "mongodb": ("mongo",)}


class Datastores(pulumi.ComponentResource):
    """Both databases with their data on the data volume; passwords are optional stack secrets."""

    def __init__(
        self,
        name: str,
        config: DatastoresConfig,
        secrets: Mapping[str, str],
        host: Host,
        runtime: Runtime,
        before: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Datastores", name, None, opts)
        redis_password = secrets.get("REDIS_PASSWORD", "")
        mongo_password = secrets.get("MONGODB_PASSWORD", "")
        conf = redis.render(config.redis, redis_password)
        repair = host.access.sense(
            f"{name}-redis-state",
            "redis",
            [
                checks.file(redis.CONFIG, conf),
                checks.redis_password(),
                *(checks.redis_setting(key, value) for key, value in redis.settings(config.redis).items()),
            ],
            secret=True,
            parent=self,
        )
        written = host.access.run(
            f"{name}-redis-conf",
            redis.apply(config.redis),
            stdin=pulumi.Output.secret(files.encode({redis.CONFIG: conf})),
            parent=self,
            triggers=[host.instance.id, repair],
            after=before,
        )
        self.redis = container(
            f"{name}-redis",
            container_name="redis",
            workload="redis",
            runtime=runtime,
            memory_mb=config.redis.memory_mb,
            cpus=config.redis.cpus,
            command=["redis-server", "/etc/redis/redis.conf"],
            envs=[pulumi.Output.secret(f"REDISCLI_AUTH={redis_password}")] if redis_password else (),
            mounts=[
                docker.ContainerMountArgs(
                    target="/etc/redis/redis.conf", source=redis.CONFIG, type="bind", read_only=True
                ),
                docker.ContainerMountArgs(target="/data", source=f"{DATA}/redis", type="bind"),
            ],
            # Stacks made before have a label of the config here; without it Redis would be made anew, once.
            ignore_changes=["labels"],
            health=["CMD-SHELL", "redis-cli ping | grep -q PONG"],
            wait=True,
            grace_s=DATABASE_GRACE_S,
            parent=self,
            after=[written, *before],
        )
        self.mongodb = container(
            f"{name}-mongodb",
            container_name="mongodb",
            workload="mongodb",
            runtime=runtime,
            memory_mb=config.mongodb.memory_mb,
            cpus=config.mongodb.cpus,
            envs=[
                "MONGO_INITDB_ROOT_USERNAME=mech",
                pulumi.Output.secret(f"MONGO_INITDB_ROOT_PASSWORD={mongo_password}"),
            ]
            if mongo_password
            else (),
            aliases=ALIASES["mongodb"],
            mounts=[docker.ContainerMountArgs(target="/data/db", source=f"{DATA}/mongodb", type="bind")],
            health=["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand('ping')"],
            wait=True,
            grace_s=DATABASE_GRACE_S,
            parent=self,
            after=before,
        )
        self.register_outputs({"redis": self.redis.name, "mongodb": self.mongodb.name})


def urls(secrets: Mapping[str, str]) -> dict[str, str]:
    """How services name the databases: environment variable to URL, passwords included (so: a secret)."""
    redis, mongo = secrets.get("REDIS_PASSWORD", ""), secrets.get("MONGODB_PASSWORD", "")
    return {
        "redis": f"redis://{':' + redis + '@' if redis else ''}redis:6379",
        "mongodb": f"mongodb://{'mech:' + mongo + '@' if mongo else ''}mongodb:27017/mech"
        + ("?authSource=admin" if mongo else ""),
    }
