"""One service of a compose file in docker.Container's terms (source: the Compose specification, services)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.model import UNKNOWN
from policies.reading.containers import values
from policies.reading.containers.run import env_file, split
from policies.reading.shell import known


@dataclass(frozen=True)
class Project:
    """A compose project: its name, its folder, its files' contents, and what the file says beside its services."""

    name: str
    folder: str
    files: Mapping[str, str]
    about: Mapping[str, Any]
    swarm: bool = False  # `docker stack deploy`: what swarm does not know is left out by it

    def top(self, kind: str, name: str) -> Mapping[str, Any]:
        group = self.about.get(kind)
        found = group.get(name) if isinstance(group, dict) else None
        return found if isinstance(found, dict) else {}


def properties(name: str, service: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """docker.Container's properties of a service."""
    deploy = _map(service.get("deploy"))
    limits = _map(_map(deploy.get("resources")).get("limits"))
    logging = _map(service.get("logging"))
    props: dict[str, Any] = {
        "name": _text(service.get("container_name")) or name,
        "image": _text(service.get("image")),
        "command": split(service.get("command")),
        "entrypoints": split(service.get("entrypoint")),
        "ports": [port for item in _list(service.get("ports")) for port in _ports(item)],
        "tmpfs": {str(item).partition(":")[0]: "" for item in _listed(service.get("tmpfs"))},
        "envs": list(_environment(service, project)),
        "privileged": service.get("privileged") is True and not project.swarm,
        "capabilities": {"adds": _texts(service.get("cap_add")), "drops": _texts(service.get("cap_drop"))},
        "securityOpts": [] if project.swarm else _texts(service.get("security_opt")),
        "hosts": _hosts(service.get("extra_hosts")),
        "devices": [values.device(str(item)) for item in _list(service.get("devices")) if isinstance(item, str)],
        "links": _texts(service.get("links")),
        "readOnly": service.get("read_only") is True,
        "healthcheck": _health(service.get("healthcheck")),
        "memory": values.megabytes(limits.get("memory", service.get("mem_limit"))),
        "memorySwap": values.megabytes(service.get("memswap_limit")),
        "cpus": _number(limits.get("cpus", service.get("cpus"))),
        "pidsLimit": _number(limits.get("pids", service.get("pids_limit"))),
        "stopTimeout": values.seconds(service.get("stop_grace_period")),
        "logDriver": _text(logging.get("driver")),
        "logOpts": {str(key): value for key, value in _map(logging.get("options")).items()},
        "restart": _restart(service, deploy, project),
        **_mounts(service, project),
        **_networks(name, service, project),
    }
    for key, ours in _PLAIN.items():
        if service.get(key) is not None:
            props[ours] = _text(service[key]) if isinstance(service[key], str) else service[key]
    return props


_PLAIN = {
    "user": "user", "pid": "pidMode", "ipc": "ipcMode", "uts": "utsMode", "userns_mode": "usernsMode", "cgroup": "cgroupnsMode",
    "cpu_shares": "cpuShares", "cpu_quota": "cpuQuota", "cpuset": "cpuSet", "hostname": "hostname",
}  # fmt: skip


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return [item for item in value if item is not None] if isinstance(value, list) else []


def _listed(value: object) -> list[Any]:
    return [value] if isinstance(value, str) else _list(value)


def _text(value: object) -> Any:
    return values.maybe(str(value)) if value is not None and not isinstance(value, dict | list) else ""


def _texts(value: object) -> list[Any]:
    return [_text(item) for item in _list(value)]


def _number(value: object) -> Any:
    return UNKNOWN if isinstance(value, str) and not known(value) else value


def _ports(item: object) -> Iterator[dict[str, Any]]:
    if isinstance(item, dict):
        target, published = item.get("target"), item.get("published")
        address = f"[{item['host_ip']}]:" if item.get("host_ip") else ""
        outer = f"{published if published not in (None, 0, '0') else ''}:" if address or published else ""
        yield from values.ports(f"{address}{outer}{target}/{item.get('protocol') or 'tcp'}")
    else:
        yield from values.ports(str(item))


def _environment(service: Mapping[str, Any], project: Project) -> Iterator[Any]:
    for entry in _listed(service.get("env_file")):
        path = values.absolute(str(entry.get("path") if isinstance(entry, dict) else entry), project.folder)
        text = project.files.get(path)
        yield from ([UNKNOWN] if text is None else env_file(text))
    for name, value in _map(service.get("environment")).items():
        # A name alone is taken from the shell that runs compose.
        yield UNKNOWN if value is None else values.maybe(f"{name}={_said(value)}")


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _hosts(value: object) -> list[dict[str, Any]]:
    given = [f"{name}={address}" for name, address in value.items()] if isinstance(value, dict) else _texts(value)
    return [values.host(text) for text in given if isinstance(text, str)]


def _health(value: object) -> dict[str, Any] | None:
    about = _map(value)
    if about.get("disable") is True:
        return {"tests": ["NONE"]}
    test = about.get("test")
    if isinstance(test, str):
        return {"tests": ["CMD-SHELL", values.maybe(test)]}
    return {"tests": _texts(test)} if test else None


def _restart(service: Mapping[str, Any], deploy: Mapping[str, Any], project: Project) -> Any:
    if project.swarm:
        condition = _map(deploy.get("restart_policy")).get("condition", "any")
        return {"any": "always", "none": "no"}.get(str(condition), str(condition))
    given = service.get("restart")
    if given is None or isinstance(given, bool):
        return "no" if given is False else None
    return values.maybe(str(given)).partition(":")[0] if known(str(given)) else UNKNOWN


def _mounts(service: Mapping[str, Any], project: Project) -> dict[str, Any]:
    volumes, mounts = [], []
    for item in _list(service.get("volumes")):
        if isinstance(item, dict):
            source, kind = item.get("source"), str(item.get("type") or "volume")
            if kind == "bind" and isinstance(source, str) and known(source):
                source = values.absolute(source, project.folder)
            source = _text(source)
            mounts.append(
                {
                    **_behind(source, kind, project),
                    "target": _text(item.get("target")),
                    "readOnly": item.get("read_only") is True,
                }
            )
        else:
            volume = values.volume(str(item), project.folder)
            device = _behind(volume.get("volumeName"), "volume", project)
            if device["type"] == "bind":
                volume = {**volume, "hostPath": device["source"]}
            volumes.append(volume)
    return {"volumes": volumes, "mounts": mounts}


def _behind(source: Any, kind: str, project: Project) -> dict[str, Any]:
    """A named volume may be a folder of the host (`driver_opts: o: bind`) or lie in memory."""
    options = _map(project.top("volumes", str(source)).get("driver_opts")) if kind == "volume" and source else {}
    if "bind" in str(options.get("o", "")) and options.get("device"):
        return {"type": "bind", "source": _text(options["device"])}
    if options.get("type") == "tmpfs":
        return {"type": "tmpfs", "source": ""}
    return {"type": kind, "source": source}


def _networks(name: str, service: Mapping[str, Any], project: Project) -> dict[str, Any]:
    mode = service.get("network_mode")
    if mode:
        # Another service's network is another container's.
        text = str(mode).replace("service:", "container:")
        return {"networkMode": values.maybe(text), "networksAdvanced": []}
    attached = []
    for network, about in (_map(service.get("networks")) or {"default": None}).items():
        top = project.top("networks", network)
        external = top.get("external")
        own = top.get("name") or (external.get("name") if isinstance(external, dict) else None)
        called = own or (network if external else f"{project.name}_{network}")
        aliases = [alias for alias in _texts(_map(about).get("aliases")) if isinstance(alias, str)]
        attached.append({"name": _text(called), "aliases": [name, *aliases]})
    return {"networkMode": "", "networksAdvanced": attached}
