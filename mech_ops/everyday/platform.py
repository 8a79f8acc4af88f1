"""A stack as the everyday steps need it: its state, what that declares, the names that people may say."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mech_infra import catalogue
from mech_infra.facts.host import trip
from mech_infra.facts.model import Unreachable
from mech_ops import hosts
from mech_ops.diagnosis import declared
from mech_ops.errors import OpsError
from mech_ops.hosts import Host
from mech_ops.redaction import redacted

Json = dict[str, Any]
DATABASES = ("redis", "mongodb")


@dataclass(frozen=True)
class Platform:
    """`resources` are the state's, secrets in the clear."""

    resources: list[Json]

    @property
    def state(self) -> Json:
        """As `pulumi stack export` has it."""
        return {"deployment": {"resources": self.resources}}

    @cached_property
    def declared(self) -> Json:
        return declared.declared(self.resources)

    @property
    def address(self) -> str:
        return str(self.declared["address"])

    @property
    def images(self) -> dict[str, str]:
        """By image id, as Docker lists a container's, the reference that it was pulled as."""
        pulled = [found for found in self.resources if found["type"] == "docker:index/remoteImage:RemoteImage"]
        return {found["outputs"]["imageId"]: found["inputs"]["name"] for found in pulled if found.get("outputs")}

    def containers(self, name: str) -> list[str]:
        """Of a service or a database, as the host calls them; the first replica first."""
        own = {c for c, about in self.declared["containers"].items() if name in (about["service"], c)}
        return sorted(own, key=lambda container: (len(container), container))

    def hidden(self, text: str) -> str:
        """`text` without the secrets that the state knows."""
        return redacted(text, self._secrets)

    @cached_property
    def _secrets(self) -> list[str]:
        whole = declared.secrets(self.resources)
        # A log has a key of several lines line by line.
        parts = [line for secret in whole if "\n" in secret for line in secret.splitlines() if len(line) >= 16]
        return [*whole, *parts]

    @cached_property
    def hosts(self) -> list[Host]:
        """The first one first; it has the databases."""
        return hosts.of(self.resources)

    @property
    def is_fleet(self) -> bool:
        return len(self.hosts) > 1

    def facts(self, asked: Mapping[str, Mapping[str, Any]]) -> Json:
        """The first host's facts and those of `asked`. Raises OpsError when it does not answer."""
        access = next((host.access for host in self.hosts if host.first), None)
        if access is None:
            raise OpsError("this stack has no host yet: bring it up first (`pulumi up`)")
        try:
            return trip.facts(access, asked)
        except Unreachable as error:
            raise OpsError(f"host {access['host']} cannot be asked: {error}. Next: mech diagnose") from None

    def facts_of_all(self, asked: Mapping[str, Mapping[str, Any]]) -> dict[str, Json | str]:
        """The same of every host by its name, side by side; of one that does not answer why."""

        def ask(host: Host) -> Json | str:
            try:
                return (
                    trip.facts(host.access, asked)
                    if host.access
                    else "it was not usable yet after the last `pulumi up`"
                )
            except Unreachable as error:
                return str(error)

        with ThreadPoolExecutor(max(1, len(self.hosts))) as pool:
            return dict(zip([host.name for host in self.hosts], pool.map(ask, self.hosts), strict=True))


def read(stack: str | None) -> Platform:
    """Raises OpsError."""
    return Platform(declared.state(stack))


def swarm_name(declared: Json, name: str) -> str | None:
    """What the swarm calls a service that it runs; None for everything else."""
    about = catalogue.SERVICES.get(name)
    return about.container_name if about and about.container_name in declared.get("tasks", {}) else None


def known(name: str, more: Iterable[str] = ()) -> str:
    """A service or database by its own name or its container's; `more` are names beside. Raises OpsError."""
    names = [*catalogue.SERVICES, *DATABASES, *more]
    by_container = {service.container_name: service.name for service in catalogue.SERVICES.values()}
    found = by_container.get(name, name)
    if found not in names:
        near = difflib.get_close_matches(name, names, 1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise OpsError(f"there is no {name!r}; {meant}The names are {', '.join(names)}")
    return found
