"""A Docker daemon for the replay: small, in this process, behind docker-py's own client.

Containers come from the inputs that the engine's requests hold, made as the daemon makes them (its defaults, the
image's command); addresses on the network, which a daemon chooses, from the state that the requests hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import docker
import requests.adapters

from mech_infra.commands.containers import VERSION
from tests.parity import swarm_world
from tests.parity.docker_bodies import body_of
from tests.parity.hand import Edits
from tests.parity.recordings import Call, Json
from tests.parity.vultr_world import states

_MIB = 1 << 20
_IMAGE, _NETWORK, _CONTAINER, _SERVICE = (
    "docker:index/remoteImage:RemoteImage", "docker:index/network:Network", "docker:index/container:Container",
    "docker:index/service:Service",
)  # fmt: skip
# What the images themselves say: entrypoint, command, folder.
_CONFIGS = {
    "mongo": (["docker-entrypoint.sh"], ["mongod"], ""),
    "redis": ([], ["redis-server"], "/data"),
    "mech-": ([], ["mech-service"], ""),
}


class DockerWorld:
    def __init__(self, registry: Iterable[Call]) -> None:
        """`registry`: calls whose states name the images that can be pulled: (name, id, digest)."""
        self.known = {
            (state["name"], state["imageId"], state["repoDigest"])
            for (token, _), state in states(registry).items()
            if token == _IMAGE
        }
        self.registry: dict[str, tuple[str, str]] = {}
        self.images: dict[str, str] = {}  # name -> id
        self.containers: dict[str, Json] = {}
        self.networks: dict[str, Json] = {}
        self.swarm = swarm_world.SwarmWorld()
        self.next_id = ""

    def begin(self, calls: list[Call], edits: Edits) -> None:
        """The host as it was when a step's first call came."""
        self.images.clear(), self.containers.clear(), self.networks.clear()
        # The machines of different steps had images of their own: this step's are those that it speaks of.
        spoken = json.dumps([call.request for call in calls])
        self.registry = {name: (id, digest) for name, id, digest in sorted(self.known) if id in spoken}
        known = states(calls)
        inputs = {
            call.request["id"]: _inputs(call)
            for call in reversed(calls)
            if call.token in (_CONTAINER, _SERVICE) and call.request.get("id")
        }
        self.swarm.begin(known, inputs, edits)
        for (token, id), state in known.items():
            if token == _IMAGE:
                self.images[state["name"]] = state["imageId"]
            elif token == _NETWORK:
                self.next_id = id
                config = [{"Subnet": item["subnet"], "Gateway": item["gateway"]} for item in state["ipamConfigs"]]
                body = {"Name": state["name"], "Driver": state["driver"], "Labels": _labels(state["labels"])}
                self._network({**body, "Attachable": state.get("attachable", False), "IPAM": {"Config": config}})
                self.networks[id]["Options"] = state.get("options") or {}
        for (token, id), state in known.items():
            if token == _CONTAINER and inputs[id]:
                self.next_id = id
                self._create(_switched(inputs[id]), body_of(inputs[id]))
                self._run(self.containers[id])
                self.containers[id]["NetworkSettings"]["Networks"] = {
                    item["networkName"]: _endpoint(item) for item in state["networkDatas"]
                }
        for verb, name, argument in edits.docker:
            self._edit(verb, name, argument)

    def _edit(self, verb: str, name: str, argument: int) -> None:
        for id, container in list(self.containers.items()):
            if container["Name"] != f"/{name}":
                continue
            if verb == "remove":
                del self.containers[id]
            elif verb == "memory":
                container["HostConfig"].update(Memory=argument * _MIB, MemorySwap=argument * _MIB)
            elif verb == "leave":
                container["NetworkSettings"].update(Networks={}, Ports={})
            elif verb == "stop":
                container["State"].update(Running=False, ExitCode=0)
                networks = {name: _endpoint({}) for name in container["NetworkSettings"]["Networks"]}
                container["NetworkSettings"].update(Networks=networks, Ports={})

    # -- the daemon -------------------------------------------------------------------------------------------

    def client(self) -> Any:
        client = docker.APIClient("http://docker.parity:80", "1.41", 5)
        client.mount("http://", _Adapter(self))
        return client

    def answer(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Any]:
        for verb, pattern, handler in _ROUTES:
            matched = re.fullmatch(pattern, path)
            if matched and verb == method:
                return handler(self, query, body, *(unquote(group) for group in matched.groups()))  # type: ignore[no-any-return]
        raise AssertionError(f"the replay's daemon has no {method} {path}")

    def _take_id(self) -> str:
        id, self.next_id = self.next_id, ""
        assert id, "a thing was made that no recorded call made"
        return id

    def _create(self, name: str, body: Json) -> tuple[int, Any]:
        id, image = self._take_id(), body["Image"]
        entrypoint, command, folder = self._config(image)
        host: Json = {
            "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "LogConfig": {"Type": "json-file", "Config": {}},
            "ShmSize": 64 * _MIB, "IpcMode": "private", "Runtime": "runc", "NetworkMode": "bridge", "Dns": [],
            "DnsOptions": [], "DnsSearch": [], "Memory": 0, "MemorySwap": 0, "NanoCpus": 0, "CpuShares": 0,
            **body["HostConfig"],
        }  # fmt: skip
        self.containers[id] = {
            "Id": id, "Name": f"/{name}", "Image": image, "Platform": "linux", "HostConfig": host,
            "State": {"Running": False, "ExitCode": 0},
            "NetworkSettings": {"Bridge": "", "Networks": {"bridge": _endpoint({})}, "Ports": {}},
            "Config": {
                "Image": image, "Hostname": id[:12], "Domainname": "", "User": "", "WorkingDir": folder,
                "Cmd": command, "Entrypoint": entrypoint, "Labels": {}, "Env": [],
                **{key: value for key, value in body.items() if key != "HostConfig" and value not in ("", None)},
            },
        }  # fmt: skip
        return 201, {"Id": id, "Warnings": []}

    def _config(self, image: str) -> tuple[list[str], list[str], str]:
        name = next(name for name, id, _ in self.known if id == image)
        return next(config for part, config in _CONFIGS.items() if part in name)

    def _run(self, container: Json) -> None:
        container["State"].update(Running=True, Health={"Status": "healthy"})
        container["NetworkSettings"]["Ports"] = dict(container["HostConfig"].get("PortBindings") or {})

    def _network(self, body: Json) -> tuple[int, Any]:
        id, overlay = self._take_id(), body["Driver"] == "overlay"
        config = (body.get("IPAM") or {}).get("Config") or [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]
        options = {"com.docker.network.driver.overlay.vxlanid_list": "4099"} if overlay else {}
        self.networks[id] = {
            "Id": id, "Internal": False, "Attachable": False, "Ingress": False, "EnableIPv6": False, **body,
            "Scope": "swarm" if overlay else "local", "Options": options,
            "IPAM": {"Driver": "default", "Options": None, "Config": config},
        }  # fmt: skip
        return 201, {"Id": id}


def _switched(inputs: Json) -> str:
    """A service's container bears the guide's name since the switch that ended the step in which it was made."""
    version = _labels(inputs.get("labels") or []).get(VERSION, "")
    name: str = inputs["name"]
    return name.removesuffix(f"-{version}") if version else name


class _Adapter(requests.adapters.BaseAdapter):
    def __init__(self, world: DockerWorld) -> None:
        super().__init__()
        self.world = world

    def send(self, request: Any, *more: Any, **named: Any) -> requests.Response:
        url = urlsplit(request.url)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        path = re.sub(r"^/v[\d.]+", "", url.path)
        status, data = self.world.answer(request.method, path, query, json.loads(request.body) if request.body else {})
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = status, request.url, request
        answer._content = b"" if data is None else json.dumps(data).encode()
        answer.raw = SimpleNamespace(_fp=SimpleNamespace(chunked=False))
        return answer

    def close(self) -> None:
        pass


def _labels(labels: list[Json]) -> dict[str, str]:
    return {item["label"]: item["value"] for item in labels}


def _inputs(call: Call) -> Json:
    return dict(call.request.get("inputs") or call.request.get("oldInputs") or {})


def _endpoint(item: Json) -> Json:
    return {
        "IPAddress": item.get("ipAddress", ""), "IPPrefixLen": item.get("ipPrefixLength", 0),
        "Gateway": item.get("gateway", ""), "MacAddress": item.get("macAddress", ""),
        "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "IPv6Gateway": "",
    }  # fmt: skip


# -- routes: (world, query, body, parts of the path) -> (status, answer) --------------------------------------------


def _missing(what: str) -> tuple[int, Any]:
    return 404, {"message": f"No such {what}"}


def _inspect(world: DockerWorld, query: Json, body: Json, id: str) -> tuple[int, Any]:
    return (200, world.containers[id]) if id in world.containers else _missing(f"container: {id}")


def _start(world: DockerWorld, query: Json, body: Json, id: str) -> tuple[int, Any]:
    world._run(world.containers[id])
    return 204, None


def _stop(world: DockerWorld, query: Json, body: Json, id: str) -> tuple[int, Any]:
    return (204, None) if id in world.containers else _missing(f"container: {id}")


def _update(world: DockerWorld, query: Json, body: Json, id: str) -> tuple[int, Any]:
    world.containers[id]["HostConfig"].update({key: value for key, value in body.items() if value})
    return 200, {"Warnings": None}


def _remove(world: DockerWorld, query: Json, body: Json, id: str) -> tuple[int, Any]:
    return (204, None) if world.containers.pop(id, None) else _missing(f"container: {id}")


def _join(world: DockerWorld, query: Json, body: Json, network: str, verb: str) -> tuple[int, Any]:
    joined = world.containers[body["Container"]]["NetworkSettings"]["Networks"]
    if verb == "disconnect":
        joined.pop(network, None)
    else:
        number = len(world.containers) + 1
        joined[network] = _endpoint(
            {
                "ipAddress": f"172.18.0.{number}",
                "ipPrefixLength": 16,
                "gateway": "172.18.0.1",
                "macAddress": f"02:42:ac:12:00:{number:02x}",
            }
        )
    return 200, None


def _image(world: DockerWorld, query: Json, body: Json, name: str) -> tuple[int, Any]:
    ids = {id: name for name, id in world.images.items()}
    name = ids.get(name, name)
    if name not in world.images:
        return _missing(f"image: {name}")
    return 200, {"Id": world.images[name], "RepoDigests": [world.registry[name][1]]}


def _pull(world: DockerWorld, query: Json, body: Json) -> tuple[int, Any]:
    name = f"{query['fromImage']}:{query['tag']}"
    if name not in world.registry:
        repository = query["fromImage"]
        return 404, {
            "message": f"repository {repository} not found: name unknown: repository name not known to registry"
        }
    world.images[name] = world.registry[name][0]
    return 200, {"status": "pulled"}


_ROUTES: list[tuple[str, str, Any]] = [
    ("POST", r"/containers/create", lambda world, query, body: world._create(query["name"], body)),
    ("GET", r"/containers/([^/]+)/json", _inspect),
    ("POST", r"/containers/([^/]+)/start", _start),
    ("POST", r"/containers/([^/]+)/stop", _stop),
    ("POST", r"/containers/([^/]+)/update", _update),
    ("DELETE", r"/containers/([^/]+)", _remove),
    ("POST", r"/networks/([^/]+)/(connect|disconnect)", _join),
    ("POST", r"/networks/create", lambda world, query, body: world._network(body)),
    (
        "GET",
        r"/networks/([^/]+)",
        lambda w, q, b, id: (200, w.networks[id]) if id in w.networks else _missing("network"),
    ),
    ("DELETE", r"/networks/([^/]+)", lambda w, q, b, id: (204, w.networks.pop(id) and None)),
    ("POST", r"/images/create", _pull),
    ("GET", r"/images/(.+)/json", _image),
    ("DELETE", r"/images/(.+)", lambda w, q, b, name: (200, [w.images.pop(name)])),
    *swarm_world.ROUTES,
]
