"""The eight services of a fleet: each a service of Docker's swarm, its tasks on the members."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_docker as docker

from mech_infra.commands import nginx
from mech_infra.commands import swarm as commands
from mech_infra.commands.containers import IMAGE, MANAGED, SERVICE, SERVICE_GRACE_S
from mech_infra.components import limits
from mech_infra.components.containers import HEALTH_PACE, LOG_DRIVER, LOG_LIMITS
from mech_infra.components.hooks import on_error
from mech_infra.components.host import Host
from mech_infra.components.service import Definition
from mech_infra.components.services import definition
from mech_infra.config import ResolvedService
from mech_infra.config.rollout import RolloutConfig
from mech_infra.facts.host import trip
from mech_infra.facts.host.swarm import NO_SERVICE
from mech_infra.facts.model import Unreachable
from mech_infra.rollout import slots

# Where a task finds its secrets: a file of Docker's, in memory. The images read their environment.
_FILE = "/run/secrets/environment"
_WITH_SECRETS = ("sh", "-c", f'set -a; . {_FILE}; set +a; exec "$@"', "sh")
_OFF_NETWORK_S = 10


@dataclass(frozen=True)
class TasksArgs:
    """Which services, on how many members, by whose Docker."""

    services: Sequence[ResolvedService]
    secrets: Mapping[str, str]
    config: RolloutConfig
    takers: int  # members that take tasks
    images: Mapping[str, pulumi.Output[str]]  # by service, with their digests
    first: Host
    provider: docker.Provider
    network: docker.Network
    ready: Sequence[pulumi.Resource]  # what must be there before any is made


class Tasks(pulumi.ComponentResource):
    """The catalogue's services as this stack configures them, in a swarm.

    Declares: a docker.Service each, with limits, health check, and how an update goes and goes back; its secrets.
    Reads: by the provider, and the swarm's sensor: tasks that do not run.
    Promises: where a member is free for it, a new task is well before an old one ends; else one at a time is made anew, and
    nginx asks the next one. An update whose tasks do not become well goes back by itself, and `pulumi up` fails.
    """

    def __init__(self, name: str, args: TasksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Tasks", name, None, opts)
        self._name, self._args = name, args
        self._known = args.first.access.run(
            f"{name}-commands",
            commands.commands([service.image for service in args.services]),
            parent=self,
            triggers=[args.images[service.name] for service in args.services],
            after=args.ready,
        )
        self._access: dict[str, str] = {}  # to the first host, known when a service fails
        where = pulumi.Output.all(host=args.first.access.address, host_key=args.first.access.host_key)
        where.apply(lambda found: self._access.update({**found, "identity": args.first.access.identity}))
        self._hooks = on_error("tasks", self._explain)
        self.serving: dict[str, pulumi.Resource] = {}
        # Who is called by another one is there before it.
        for service in sorted(args.services, key=lambda one: len(one.spec.calls)):
            about = definition(service, args.secrets)
            runs = self._known.stdout.apply(lambda said, image=service.image: words(said, image))
            earlier = [self.serving[callee] for callee in service.spec.calls]
            self.serving[service.name] = self._service(about, runs, earlier)
        self.ready = list(self.serving.values())
        self.containers: list[str] = []  # none bears the guide's name; a task is called mech-llms.1.ID
        self.register_outputs({"services": sorted(service.container() for service in args.services)})

    def _service(
        self, about: Definition, runs: pulumi.Output[list[str]], after: Sequence[pulumi.Resource]
    ) -> docker.Service:
        args, service = self._args, about.service
        plain = {key: value for key, value in about.environment.items() if key not in about.secrets}
        secret = self._secret(about) if about.secrets else None
        how = _how(service.replicas < args.takers, args.config)
        return docker.Service(
            f"{self._name}-{service.name}",
            name=service.container(),
            labels=[
                docker.ServiceLabelArgs(label=label, value=value)
                for label, value in sorted({MANAGED: "pulumi", SERVICE: service.name, IMAGE: service.image}.items())
            ],
            mode=docker.ServiceModeArgs(replicated=docker.ServiceModeReplicatedArgs(replicas=service.replicas)),
            task_spec=docker.ServiceTaskSpecArgs(
                container_spec=docker.ServiceTaskSpecContainerSpecArgs(
                    image=args.images[service.name],
                    commands=runs.apply(lambda said: [*_WITH_SECRETS, *said]) if secret else None,
                    env=plain,
                    secrets=[
                        docker.ServiceTaskSpecContainerSpecSecretArgs(
                            secret_id=secret.id, secret_name=secret.name, file_name=_FILE
                        )
                    ]
                    if secret
                    else None,
                    # nginx on its own host, which asks all members: the same address on each.
                    hosts=[
                        docker.ServiceTaskSpecContainerSpecHostArgs(
                            host=nginx.internal_name(callee), ip=commands.GATEWAY
                        )
                        for callee in service.spec.calls
                    ]
                    or None,
                    healthcheck=docker.ServiceTaskSpecContainerSpecHealthcheckArgs(tests=about.health, **HEALTH_PACE),
                    # What changes from version to version stands above: another label here, or host, and the provider takes the
                    # service down before it makes it anew.
                    labels=[
                        docker.ServiceTaskSpecContainerSpecLabelArgs(label=MANAGED, value="pulumi"),
                        docker.ServiceTaskSpecContainerSpecLabelArgs(label=SERVICE, value=service.name),
                    ],
                    # Before it is told to end, Docker takes some seconds to have it off the network.
                    stop_grace_period=f"{SERVICE_GRACE_S + _OFF_NETWORK_S}s",
                ),
                resources=docker.ServiceTaskSpecResourcesArgs(
                    limits=docker.ServiceTaskSpecResourcesLimitsArgs(
                        memory_bytes=service.memory_mb << 20, nano_cpus=round(service.cpus * 1e9)
                    ),
                    # So that no member is given more than it has.
                    reservation=docker.ServiceTaskSpecResourcesReservationArgs(memory_bytes=service.memory_mb << 20),
                ),
                restart_policy=docker.ServiceTaskSpecRestartPolicyArgs(
                    condition="any", delay="1s", window="0s", max_attempts=0
                ),
                networks_advanceds=[docker.ServiceTaskSpecNetworksAdvancedArgs(id=args.network.id)],
                log_driver=docker.ServiceTaskSpecLogDriverArgs(name=LOG_DRIVER, options=dict(LOG_LIMITS)),
            ),
            # This kernel may have no IP_VS, which the other mode needs; nginx shares requests out.
            endpoint_spec=docker.ServiceEndpointSpecArgs(
                mode="dnsrr",
                ports=[
                    docker.ServiceEndpointSpecPortArgs(
                        target_port=service.port,
                        published_port=slots.task_port(service.spec.port),
                        publish_mode="host",
                        protocol="tcp",
                    )
                ],
            ),
            update_config=docker.ServiceUpdateConfigArgs(failure_action="rollback", **how),
            rollback_config=docker.ServiceRollbackConfigArgs(failure_action="pause", **how),
            converge_config=docker.ServiceConvergeConfigArgs(
                delay="1s", timeout=f"{service.replicas * (args.config.start_timeout_s + args.config.watch_s) + 120}s"
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.provider,
                depends_on=[self._known, *after],
                hooks=self._hooks,
                custom_timeouts=limits.within(limits.PULL_LIMIT_S),
            ),
        )

    def _explain(self, inputs: Mapping[str, Any], error: str) -> None:
        """Beside the plugin's error, which of an update that went back knows a task's id."""
        name = str(inputs.get("name"))
        if not self._access or not any(word in error for word in ("rollback", "paused", "converge")):
            return
        try:
            why = trip.facts(self._access, {"failed_task": {"service": name}})["failed_task"]
        except Unreachable:
            return
        look = f"docker service ps --no-trunc {name}; docker service logs --tail 50 {name}"
        if why == NO_SERVICE:  # the provider's way with one that is new
            says = f"its tasks did not become well in time, and it was taken away again. Next: pulumi up, and meanwhile {look}"
        else:
            then = "the version before serves" if "rollback" in error else "it does not serve as declared"
            said = why or "no task of it failed"
            says = f"its new tasks do not become well, and {then}: {said}. Next, on the first host: {look}"
        pulumi.log.error(f"{name}: {says}", self)

    def _secret(self, about: Definition) -> docker.Secret:
        """Docker's, which nobody can change: it is named by what is in it, and another one takes its place."""
        text = environment_file({key: about.environment[key] for key in sorted(about.secrets)})
        mark = slots.version({}, [text])
        return docker.Secret(
            f"{self._name}-{about.service.name}-{mark}",
            name=f"{about.service.container()}-{mark}",
            data=pulumi.Output.secret(base64.b64encode(text.encode()).decode()),
            labels=[docker.SecretLabelArgs(label=MANAGED, value="pulumi")],
            opts=pulumi.ResourceOptions(parent=self, provider=self._args.provider, depends_on=[self._known]),
        )


def environment_file(variables: Mapping[str, str]) -> str:
    """What a shell reads them from."""
    return "".join(f"{key}={shlex.quote(value)}\n" for key, value in variables.items())


def words(said: str, image: str) -> list[str]:
    """What an image runs, by what `commands.commands` printed; nothing where the host has not said it."""
    for line in said.splitlines():
        if line.startswith("["):
            name, entrypoint, command = json.loads(line)
            if name == image:
                return [*(entrypoint or []), *(command or [])]
    return []


def _how(start_first: bool, config: RolloutConfig) -> dict[str, object]:
    return {
        "parallelism": 1,
        "delay": "0s",
        "monitor": f"{config.watch_s}s",
        "max_failure_ratio": "0.0",
        "order": "start-first" if start_first else "stop-first",
    }
