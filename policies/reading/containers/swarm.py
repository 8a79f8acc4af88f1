"""`docker service create` and docker.Service: a swarm's services in docker.Container's terms, as far as rules ask."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mech_infra.commands.private import SUBNET
from policies.model import LOCAL, NETWORK, UNKNOWN, Resource, Stack
from policies.reading.containers import values
from policies.reading.containers.options import SAME, interspersed, parse
from policies.reading.containers.run import properties, published
from policies.reading.shell import Act

_SECRET, _BINDING = "docker:index/secret:Secret", "host_binding_ipv4="
_FLAGS = frozenset(
    {"detach", "help", "init", "no-healthcheck", "no-resolve-image", "quiet", "read-only", "tty", "with-registry-auth"}
)
_SHORT = {
    "d": "detach",
    "e": "env",
    "l": "label",
    "p": "publish",
    "q": "quiet",
    "t": "tty",
    "u": "user",
    "w": "workdir",
}
_UPDATE_FLAGS = _FLAGS | {"force", "rollback"}
_RENAMED = {**SAME, "host": "add-host", "limit-memory": "memory", "limit-cpu": "cpus", "limit-pids": "pids-limit"}
_ASKED = ("image", "ports", "mounts", "envs", "command", "capabilities", "networksAdvanced")
_RESTARTS = {"any": "always", "none": "no"}


def create(argv: Sequence[str], act: Act) -> dict[str, Any] | None:
    """The properties of `docker service create`'s words; None where they are unclear."""
    line = parse(argv, _FLAGS, _SHORT, _RENAMED)
    if line.unclear or not line.words:
        return None
    condition = line.last("restart-condition") or "any"
    return {**properties(line, act), "restart": _RESTARTS.get(condition, condition)}


@dataclass(frozen=True)
class Around:
    """What a service's own properties leave to others: the network between hosts that it names by an id, where its ports are
    (`address`), and the text of the secrets that it is given as files, by name."""

    network: object
    address: str
    secrets: Mapping[str, object]


def around(stack: Stack) -> Around:
    overlays = [one.props.get("name") for one in stack.of(NETWORK) if one.text("driver") == "overlay"]
    # Of docker_gwbridge: at which of a host's addresses a task's port is.
    bound = any(_BINDING in str(command.props.get("create")) for command in stack.of(LOCAL))
    secrets = {str(one.props.get("name")): one.props.get("data") for one in stack.of(_SECRET)}
    return Around(overlays[0] if len(overlays) == 1 else UNKNOWN, SUBNET if bound else "", secrets)


def updated(argv: Sequence[str], there: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]] | None:
    """(name, properties) of a service after `docker service update`'s words; None where they change nothing that is asked for.

    `there`: its properties before, None where it is not known.
    """
    line = interspersed(argv, _UPDATE_FLAGS, _SHORT, _RENAMED)
    ports = [port for text in line.every("publish-add") for port in published(text)]
    if line.unclear or not line.words or not ports:
        return None
    before = there if there is not None else dict.fromkeys(_ASKED, UNKNOWN)
    kept = before.get("ports")
    return line.words[-1], {
        **before,
        "name": line.words[-1],
        "ports": [*(kept if isinstance(kept, list) else ()), *ports],
    }


def named(argv: Sequence[str]) -> str:
    """The service of which `docker service update`'s words speak."""
    words = interspersed(argv, _UPDATE_FLAGS, _SHORT, _RENAMED).words
    return words[-1] if words else ""


def declared(resource: Resource, around: Around) -> dict[str, Any]:
    """The properties of a docker.Service."""
    if resource.props.get("taskSpec") is UNKNOWN:
        return dict.fromkeys(_ASKED, UNKNOWN)
    task = _map(resource.props.get("taskSpec"))
    spec, limits = _map(task.get("containerSpec")), _map(_map(task.get("resources")).get("limits"))
    end = resource.props.get("endpointSpec")
    environment, networks = spec.get("env"), task.get("networksAdvanceds")
    on_host = isinstance(networks, list | tuple) and any(_map(each).get("name") == "host" for each in networks)
    label = _map(_map(spec.get("privileges")).get("seLinuxContext"))
    return {
        "name": resource.props.get("name"),
        "image": spec.get("image"),
        "command": spec.get("args"),
        "entrypoints": spec.get("commands"),
        "mounts": spec.get("mounts"),
        "envs": [*(_pair(*each) for each in environment.items()), *_secrets(spec, around)]
        if isinstance(environment, Mapping)
        else environment,
        "readOnly": spec.get("readOnly"),
        "user": spec.get("user"),
        "healthcheck": spec.get("healthcheck"),
        "hosts": spec.get("hosts"),
        "capabilities": {"adds": spec.get("capAdds"), "drops": spec.get("capDrops")},
        "stopTimeout": values.seconds(spec.get("stopGracePeriod")),
        "memory": values.megabytes(limits.get("memoryBytes")),
        "cpus": limits.get("nanoCpus"),
        "ports": UNKNOWN if end is UNKNOWN else [_port(each, around) for each in _list(_map(end).get("ports"))],
        "networksAdvanced": networks
        if networks is UNKNOWN
        else [{**each, "name": each.get("name") or around.network} for each in _list(networks)],
        "networkMode": "host" if on_host else "",
        "securityOpts": ["label:disable"] if label.get("disable") is True else [],
        "replicas": _map(_map(resource.props.get("mode")).get("replicated")).get("replicas"),
        "restart": _RESTARTS.get(str(_map(task.get("restartPolicy")).get("condition", "any")), "on-failure"),
        "logDriver": _map(task.get("logDriver")).get("name"),
        "logOpts": _map(task.get("logDriver")).get("options"),
    }


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def _pair(name: object, value: object) -> Any:
    return UNKNOWN if value is UNKNOWN else f"{name}={value}"


def _port(port: Mapping[str, Any], around: Around) -> dict[str, Any]:
    own = port.get("publishMode") == "host" and around.address
    return {
        "internal": port.get("targetPort"),
        "external": port.get("publishedPort"),
        "protocol": port.get("protocol"),
        "ip": around.address if own else None,
    }


def _secrets(spec: Mapping[str, Any], around: Around) -> list[Any]:
    """What a shell makes of the files of secrets that its command reads: an environment."""
    given = spec.get("commands")
    if given is UNKNOWN:
        return [UNKNOWN] if _list(spec.get("secrets")) else []
    command = " ".join(str(word) for word in given) if isinstance(given, list | tuple) else ""
    found: list[Any] = []
    for secret in _list(spec.get("secrets")):
        if f". {secret.get('fileName')};" not in command:
            continue
        data = around.secrets.get(str(secret.get("secretName")), UNKNOWN)
        try:
            found += shlex.split(base64.b64decode(data, validate=True).decode()) if isinstance(data, str) else [UNKNOWN]
        except ValueError:
            found.append(UNKNOWN)
    return found
