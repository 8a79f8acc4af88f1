"""One service: its version's containers, and the way by which that version takes over (mech_infra.rollout)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from mech_infra.commands import nginx, rollout
from mech_infra.commands.containers import IMAGE, REPLICA, SERVICE, SLOT, VERSION
from mech_infra.components.containers import Runtime, container
from mech_infra.components.host import Host
from mech_infra.components.limits import COMMAND_LIMIT_S
from mech_infra.config import ResolvedService
from mech_infra.config.rollout import RolloutConfig
from mech_infra.facts.host import slots as facts
from mech_infra.rollout import slots, words
from mech_infra.state import State


@dataclass(frozen=True)
class Definition:
    """All that a version of a service is made of: whoever changes any of it makes another version."""

    service: ResolvedService
    environment: Mapping[str, str]
    secrets: frozenset[str]  # names in the environment

    @property
    def version(self) -> str:
        s = self.service
        known = [s.image, s.port, s.memory_mb, s.cpus, self.health, sorted(s.spec.calls), _SHAPE]
        values = [self.environment[name] for name in self.secrets]
        return slots.version({"known": known, "environment": dict(self.environment)}, values)

    @property
    def health(self) -> list[str]:
        # Not by a shell: a static busybox would take the wget built into it, which crashes without a C library.
        return ["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", f"http://127.0.0.1:{self.service.port}/health"]

    @property
    def envs(self) -> list[pulumi.Input[str]]:
        return [
            pulumi.Output.secret(f"{key}={value}") if key in self.secrets else f"{key}={value}"
            for key, value in sorted(self.environment.items())
        ]


# Counted up when this module or components/containers.py gives containers another shape: that is a version too.
_SHAPE = 1


@dataclass(frozen=True)
class ServiceArgs:
    """What is to run, and how it takes over."""

    definition: Definition
    config: RolloutConfig
    state: State
    host: Host
    runtime: Runtime
    ready: Sequence[pulumi.Resource]  # what must be there before it is made


class Service(pulumi.ComponentResource):
    """A version of a service in its slot (mech_infra.rollout).

    Declares: its containers, and the steps by which they take over: `room`, `switch`, `watch`.
    Reads: which slot nginx passes to, and who bears the guide's name.
    Promises: the version before serves until this one is well, and goes on where it does not become so: the engine makes what
    is new, then runs `switched` and `watched`, and removes the version before at the very end. `switched` is to be waited for
    by who needs the service.
    """

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Service", name, None, opts)
        definition, config, host, runtime = args.definition, args.config, args.host, args.runtime
        self._name, self._definition, self._host = name, definition, host
        # Longer than a step may take by what the config says, and the stop of a version that fails at its end.
        self._limit_s = max(COMMAND_LIMIT_S, 60 + max(config.start_timeout_s, config.watch_s + config.drain_s))
        service, version = definition.service, definition.version
        self.standing = slots.standing(args.state, service.name, f"{name}-watch")
        slot = self.standing.slot_for(version)
        self.version, self.slot = version, slot
        if said := words.planned(service.name, self.standing, version, service.image):
            pulumi.log.info(said, self)
        about = {"service": service.name, "name": service.container(), "version": version, "slot": slot}
        room = self._step("room", rollout.order(**about), [], args.ready)
        containers = [self._container(n, runtime, [room, *args.ready]) for n in range(1, service.replicas + 1)]
        ids = pulumi.Output.all(*(one.id for one in containers))
        limits = {f"{limit}_s": getattr(config, f"{limit}_s") for limit in ("start_timeout", "watch", "drain")}
        order = ids.apply(lambda known: rollout.order(**about, **limits, **self._who(known)))
        names = [facts.bears_name(service.container(n), service.name, n) for n in range(1, service.replicas + 1)]
        repair = host.access.sense(
            f"{name}-state", service.name, [facts.slot(service.name, slot, version), *names], parent=self
        )
        self.switched = self._step("switch", order, [repair], containers)
        self.watched = self._step("watch", order, [repair], [self.switched])
        self.register_outputs({"version": version, "slot": slot})

    def _who(self, ids: Sequence[str]) -> dict[str, object]:
        service = self._definition.service
        found = [
            {
                "id": id_,
                "name": service.container(n),
                "port": slots.port(service.spec.port, self.slot, n),
                "internal": service.port,
            }
            for n, id_ in enumerate(ids, start=1)
        ]
        return {"containers": found, "secrets": sorted(self._definition.secrets)}

    def _step(
        self,
        step: str,
        order: pulumi.Input[str],
        triggers: Sequence[pulumi.Input[str]],
        after: Sequence[pulumi.Resource],
    ) -> pulumi.Resource:
        command: pulumi.Resource = self._host.access.run(
            f"{self._name}-{step}",
            rollout.step(step),
            stdin=order,
            parent=self,
            triggers=[self._host.instance.id, *triggers],
            after=after,
            limit_s=self._limit_s,
        )
        return command

    def _container(self, replica: int, runtime: Runtime, after: Sequence[pulumi.Resource]) -> docker.Container:
        service = self._definition.service
        suffix = f"-{replica}" if replica > 1 else ""
        return container(
            f"{self._name}-{self.version}{suffix}",
            # Until the switch gives it the guide's name, which the version before bears.
            container_name=f"{service.container(replica)}-{self.version}",
            workload=service.name,
            runtime=runtime,
            memory_mb=service.memory_mb,
            cpus=service.cpus,
            envs=self._definition.envs,
            ports=[
                docker.ContainerPortArgs(
                    internal=service.port,
                    external=slots.port(service.spec.port, self.slot, replica),
                    ip="127.0.0.1",
                    protocol="tcp",
                )
            ],
            # What it calls it reaches by nginx on the host, which knows who serves.
            hosts=[nginx.internal_name(callee) for callee in service.spec.calls],
            health=self._definition.health,
            labels={
                SERVICE: service.name,
                VERSION: self.version,
                SLOT: self.slot,
                REPLICA: str(replica),
                IMAGE: service.image,
            },
            ignore_changes=["name"],
            parent=self,
            after=after,
        )
