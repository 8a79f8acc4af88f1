"""Redis and MongoDB, on mech-network only: no port of theirs is published."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from mech_infra.commands import files
from mech_infra.commands.volume import DATA
from mech_infra.components.containers import container, image
from mech_infra.components.host import Host
from mech_infra.config.workloads import DatastoresConfig, RedisConfig

REDIS_CONF = "/opt/mech-services/shared/redis/redis.conf"


class Datastores(pulumi.ComponentResource):
    """Both databases with their data on the data volume; passwords are optional stack secrets."""

    def __init__(
        self,
        name: str,
        config: DatastoresConfig,
        secrets: Mapping[str, str],
        host: Host,
        provider: docker.Provider,
        network: pulumi.Input[str],
        mounted: pulumi.Resource,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Datastores", name, None, opts)
        redis_password = secrets.get("REDIS_PASSWORD", "")
        mongo_password = secrets.get("MONGODB_PASSWORD", "")
        conf = redis_conf(config.redis, redis_password)
        written = host.access.run(
            f"{name}-redis-conf",
            files.write_files("644"),
            stdin=pulumi.Output.secret(files.encode({REDIS_CONF: conf})),
            parent=self,
            triggers=[host.instance.id],
            after=[mounted],
        )
        self.redis = container(
            f"{name}-redis",
            container_name="redis",
            image_id=image(f"{name}-redis-image", config.redis.image, self, provider).image_id,
            network=network,
            memory_mb=config.redis.memory_mb,
            cpus=config.redis.cpus,
            command=["redis-server", "/etc/redis/redis.conf"],
            envs=[pulumi.Output.secret(f"REDISCLI_AUTH={redis_password}")] if redis_password else (),
            mounts=[
                docker.ContainerMountArgs(
                    target="/etc/redis/redis.conf", source=REDIS_CONF, type="bind", read_only=True
                ),
                docker.ContainerMountArgs(target="/data", source=f"{DATA}/redis", type="bind"),
            ],
            # Without the password, whose hash must not stand in plain text.
            labels={"mech.config": files.digest(redis_conf(config.redis, ""))},
            health=["CMD-SHELL", "redis-cli ping | grep -q PONG"],
            wait=True,
            parent=self,
            provider=provider,
            after=[written, mounted],
        )
        self.mongodb = container(
            f"{name}-mongodb",
            container_name="mongodb",
            image_id=image(f"{name}-mongodb-image", config.mongodb.image, self, provider).image_id,
            network=network,
            memory_mb=config.mongodb.memory_mb,
            cpus=config.mongodb.cpus,
            envs=[
                "MONGO_INITDB_ROOT_USERNAME=mech",
                pulumi.Output.secret(f"MONGO_INITDB_ROOT_PASSWORD={mongo_password}"),
            ]
            if mongo_password
            else (),
            # "mongo" as well: the guide's check lists containers by that name.
            aliases=["mongo"],
            mounts=[docker.ContainerMountArgs(target="/data/db", source=f"{DATA}/mongodb", type="bind")],
            health=["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand('ping')"],
            wait=True,
            parent=self,
            provider=provider,
            after=[mounted],
        )
        self.register_outputs({"redis": self.redis.name, "mongodb": self.mongodb.name})


def redis_conf(config: RedisConfig, password: str) -> str:
    """redis.conf; memory is held under the container's limit, so Redis refuses writes before it is killed."""
    lines = [
        "bind 0.0.0.0",
        # Only mech-network reaches it; without this, Redis answers nobody but itself when it has no password.
        "protected-mode no",
        "dir /data",
        f"maxmemory {config.memory_mb * 3 // 4}mb",
        # Jobs are not a cache: none is thrown away to make room.
        "maxmemory-policy noeviction",
        f"save {config.save}" if config.save else 'save ""',
        f"appendonly {'yes' if config.append_only else 'no'}",
    ]
    if password:
        lines.append(f'requirepass "{password}"')
    return "\n".join(lines) + "\n"


def urls(secrets: Mapping[str, str]) -> dict[str, str]:
    """How services name the databases: environment variable to URL, passwords included (so: a secret)."""
    redis, mongo = secrets.get("REDIS_PASSWORD", ""), secrets.get("MONGODB_PASSWORD", "")
    return {
        "redis": f"redis://{':' + redis + '@' if redis else ''}redis:6379",
        "mongodb": f"mongodb://{'mech:' + mongo + '@' if mongo else ''}mongodb:27017/mech"
        + ("?authSource=admin" if mongo else ""),
    }
