"""The eight services: a container a replica, each with only the keys that belong to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_docker as docker

from mech_infra.commands import files
from mech_infra.components.containers import Runtime, container
from mech_infra.components.datastores import urls
from mech_infra.components.host import Host
from mech_infra.config import ResolvedService
from mech_infra.drift import checks

_URL_VARIABLES = {"redis": "REDIS_URL", "mongodb": "MONGODB_URI"}


class Services(pulumi.ComponentResource):
    """The catalogue's services as this stack configures them.

    The first replica's port is published as the guide has it when `exposed`, else on the host's loopback, where
    nginx is; further replicas are always on loopback only.
    """

    def __init__(
        self,
        name: str,
        services: Sequence[ResolvedService],
        secrets: Mapping[str, str],
        exposed: bool,
        host: Host,
        runtime: Runtime,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mech:platform:Services", name, None, opts)
        ports = {service.name: (service.container(), service.port) for service in services}
        environments = {service.name: environment(service, secrets, ports) for service in services}
        # The same values as the containers have, where the guide tells people to look for them.
        written = {f"{s.spec.directory}/.env": env_file(environments[s.name]) for s in services}
        repair = host.access.sense(
            f"{name}-env-state",
            "services",
            [checks.file(path, text, "600") for path, text in written.items()],
            secret=True,
            parent=self,
        )
        host.access.run(
            f"{name}-env-files",
            files.write_files("600"),
            stdin=pulumi.Output.secret(files.encode(written)),
            parent=self,
            triggers=[host.instance.id, repair],
        )
        self.containers = {
            service.container(replica): self._container(
                name, service, replica, environments[service.name], exposed, runtime, after
            )
            for service in services
            for replica in range(1, service.replicas + 1)
        }
        self.register_outputs({"containers": sorted(self.containers)})

    def _container(
        self,
        name: str,
        service: ResolvedService,
        replica: int,
        variables: Mapping[str, str],
        exposed: bool,
        runtime: Runtime,
        after: Sequence[pulumi.Resource],
    ) -> docker.Container:
        suffix = service.name + (f"-{replica}" if replica > 1 else "")
        everywhere = exposed and replica == 1
        return container(
            f"{name}-{suffix}",
            container_name=service.container(replica),
            workload=service.name,
            runtime=runtime,
            memory_mb=service.memory_mb,
            cpus=service.cpus,
            envs=[
                pulumi.Output.secret(f"{key}={value}") if _is_secret(key, service) else f"{key}={value}"
                for key, value in sorted(variables.items())
            ],
            ports=[
                docker.ContainerPortArgs(
                    internal=service.port,
                    external=service.host_port(replica),
                    ip="0.0.0.0" if everywhere else "127.0.0.1",  # noqa: S104 (the guide's choice, behind the firewall)
                    protocol="tcp",
                )
            ],
            # Not by a shell: a static busybox would take the wget built into it, which crashes without a C library.
            health=["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", f"http://127.0.0.1:{service.port}/health"],
            parent=self,
            after=after,
        )


def environment(
    service: ResolvedService, secrets: Mapping[str, str], ports: Mapping[str, tuple[str, int]]
) -> dict[str, str]:
    """Environment of one service: its name and port, the URLs of what it uses, its own keys and nobody else's."""
    databases = urls(secrets)
    variables = {
        "SERVICE_NAME": service.name,
        "PORT": str(service.port),
        **{_URL_VARIABLES[store]: databases[store] for store in service.spec.datastores},
        **{f"{other.upper()}_URL": f"http://{ports[other][0]}:{ports[other][1]}" for other in service.spec.calls},
        **service.environment,
    }
    return {**variables, **{key: secrets[key] for key in service.spec.secrets}}


def env_file(variables: Mapping[str, str]) -> str:
    """The text of a docker env file."""
    return "".join(f"{key}={value}\n" for key, value in sorted(variables.items()))


def _is_secret(key: str, service: ResolvedService) -> bool:
    return key in service.spec.secrets or key in _URL_VARIABLES.values()
