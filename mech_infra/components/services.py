"""The eight services, each with only the keys that belong to it, and the order in which changed ones take over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from mech_infra.commands import files, nginx, rollout
from mech_infra.components.containers import Runtime
from mech_infra.components.datastores import urls
from mech_infra.components.host import Host
from mech_infra.components.service import Definition, Service, ServiceArgs
from mech_infra.config import ResolvedService
from mech_infra.config.environment import own
from mech_infra.config.rollout import RolloutConfig
from mech_infra.facts.host import files as facts
from mech_infra.state import State

_URL_VARIABLES = {"redis": "REDIS_URL", "mongodb": "MONGODB_URI"}


@dataclass(frozen=True)
class ServicesArgs:
    """Which services, with which keys."""

    services: Sequence[ResolvedService]
    secrets: Mapping[str, str]
    config: RolloutConfig
    state: State
    host: Host
    runtime: Runtime
    ready: Sequence[pulumi.Resource]  # what must be there before any is made


class Services(pulumi.ComponentResource):
    """The catalogue's services as this stack configures them.

    Declares: a `Service` each, with only the keys that belong to it; their .env files, and the program that rolls them out.
    Reads: those files.
    Promises: of those that changed, `config.at_once` start at a time, and who is called by another before that one.
    """

    def __init__(self, name: str, args: ServicesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Services", name, None, opts)
        services, secrets, config, host = args.services, args.secrets, args.config, args.host
        definitions = {service.name: definition(service, secrets) for service in services}
        # The same values as the containers have, where the guide tells people to look for them.
        written = {f"{d.service.spec.directory}/.env": env_file(d.environment) for d in definitions.values()}
        written |= rollout.files()
        repair = host.access.sense(
            f"{name}-env-state",
            "services",
            [facts.file(path, text, "600") for path, text in written.items()],
            secret=True,
            parent=self,
        )
        installed = host.access.run(
            f"{name}-env-files",
            files.write_files("600"),
            stdin=pulumi.Output.secret(files.encode(written)),
            parent=self,
            triggers=[host.instance.id, repair],
        )
        self.services: dict[str, Service] = {}
        mine = pulumi.ResourceOptions(parent=self)
        for service in sorted(services, key=lambda one: len(one.spec.calls)):
            earlier = list(self.services.values())
            waits = {*earlier[-config.at_once :][:1]} if len(earlier) >= config.at_once else set()
            waits |= {self.services[callee] for callee in service.spec.calls}
            ready = [installed, *(one.switched for one in earlier if one in waits), *args.ready]
            about = ServiceArgs(definitions[service.name], config, args.state, host, args.runtime, ready)
            self.services[service.name] = Service(f"{name}-{service.name}", about, mine)
        self.serving: dict[str, pulumi.Resource] = {name: one.switched for name, one in self.services.items()}
        self.ready = list(self.serving.values())
        self.containers = [s.container(n) for s in services for n in range(1, s.replicas + 1)]
        self.register_outputs({"containers": sorted(self.containers)})


def definition(service: ResolvedService, secrets: Mapping[str, str]) -> Definition:
    """All that a service is made of."""
    variables = environment(service, secrets)
    return Definition(service, variables, frozenset(filter(_secret_of(service, secrets), variables)))


def environment(service: ResolvedService, secrets: Mapping[str, str]) -> dict[str, str]:
    """Environment of one service: its name and port, the URLs of what it uses, its own keys and nobody else's."""
    databases = urls(secrets)
    variables = {
        "SERVICE_NAME": service.name,
        "PORT": str(service.port),
        **{_URL_VARIABLES[store]: databases[store] for store in service.spec.datastores},
        **{f"{other.upper()}_URL": f"http://{nginx.internal_name(other)}" for other in service.spec.calls},
        **service.environment,
        **own(service.name, secrets),
    }
    return {**variables, **{key: secrets[key] for key in service.spec.secrets}}


def env_file(variables: Mapping[str, str]) -> str:
    """The text of a docker env file."""
    return "".join(f"{key}={value}\n" for key, value in sorted(variables.items()))


def _secret_of(service: ResolvedService, secrets: Mapping[str, str]) -> Callable[[str], bool]:
    names = {*service.spec.secrets, *_URL_VARIABLES.values(), *own(service.name, secrets)}
    return names.__contains__
