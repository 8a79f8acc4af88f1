"""The swarm of the replay's Docker daemon: services, secrets, configs; what a service's tasks come to is `hand.py`'s."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

from tests.parity.hand import Edits
from tests.parity.recordings import Json
from tests.parity.service_bodies import body_of, labels

_KEPT = {"docker:index/secret:Secret": "secrets", "docker:index/serviceConfig:ServiceConfig": "configs"}
_SERVICE = "docker:index/service:Service"
_PLATFORMS = [{"Architecture": "amd64", "OS": "linux"}]
_NODE = {"ID": "node-1", "Status": {"State": "ready"}}
Answer = tuple[int, Any]


class SwarmWorld:
    def __init__(self) -> None:
        self.services: dict[str, Json] = {}
        self.kept: dict[str, dict[str, Json]] = {"secrets": {}, "configs": {}}
        self.edits = Edits()

    def begin(self, known: dict[tuple[str, str], Json], inputs: dict[str, Json], edits: Edits) -> None:
        self.services.clear()
        self.edits = edits
        for things in self.kept.values():
            things.clear()
        for (token, id), state in known.items():
            if token in _KEPT:
                data = state.get("data") or ""
                self.kept[_KEPT[token]][id] = _thing(id, state["name"], labels(state.get("labels")), data)
                if state.get("dataRaw"):
                    self.kept["configs"][id]["Spec"]["Data"] = _base64(state["dataRaw"])
            elif token == _SERVICE:
                state = _merged(state, inputs[id]) if state["name"] in edits.as_inputs else state
                self.services[id] = _service(id, body_of(state))
        for verb, name, argument in edits.swarm:
            self._edit(verb, name, argument)

    def _edit(self, verb: str, name: str, argument: Any) -> None:
        for id, service in list(self.services.items()):
            spec = service["Spec"]
            if spec["Name"] != name:
                continue
            if verb == "remove":
                del self.services[id]
            elif verb == "scale":
                spec["Mode"]["Replicated"]["Replicas"] = argument
            elif verb == "unlabel":
                del spec["Labels"][argument]
            elif verb == "env":
                spec["TaskTemplate"]["ContainerSpec"]["Env"].append(argument)
            elif verb == "memory":
                spec["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"] = argument << 20
            elif verb == "platforms":
                spec["TaskTemplate"]["Placement"]["Platforms"] = _PLATFORMS

    # -- the API ----------------------------------------------------------------------------------------------

    def create(self, id: str, body: Json) -> Answer:
        if any(service["Spec"]["Name"] == body["Name"] for service in self.services.values()):
            taken = f"name conflicts with an existing object: service {body['Name']} already exists"
            return 409, {"message": f"rpc error: code = AlreadyExists desc = {taken}"}
        self.services[id] = _service(id, body)
        return 201, {"ID": id}

    def update(self, id: str, body: Json) -> Answer:
        service = self.services[id]
        if body["Name"] in self.edits.rolled_back:
            service["UpdateStatus"] = {"State": "rollback_completed", "Message": "rollback completed"}
        else:
            self.services[id] = _service(id, body)
            self.services[id]["UpdateStatus"] = {"State": "completed", "Message": "update completed"}
        return 200, {"Warnings": None}

    def tasks(self, filters: Json) -> list[Json]:
        found = []
        for id, service in self.services.items():
            if service["Spec"]["Name"] in self.edits.stuck or id not in filters["service"]:
                continue
            for slot in range(service["Spec"]["Mode"]["Replicated"]["Replicas"]):
                found.append(
                    {"Slot": slot + 1, "NodeID": "node-1", "DesiredState": "running", "Status": {"State": "running"}}
                )
        return found

    def keep(self, kind: str, id: str, body: Json) -> Answer:
        if any(thing["Spec"]["Name"] == body["Name"] for thing in self.kept[kind].values()):
            return 409, {"message": f"rpc error: code = AlreadyExists desc = {kind[:-1]} {body['Name']} already exists"}
        self.kept[kind][id] = _thing(id, body["Name"], body.get("Labels") or {}, body["Data"])
        return 201, {"ID": id}

    def drop(self, kind: str, id: str) -> Answer:
        word = kind[:-1].capitalize()
        for service in self.services.values():
            used = service["Spec"]["TaskTemplate"]["ContainerSpec"].get(word + "s") or []
            if any(item[f"{word}ID"] == id for item in used):
                name, by = self.kept[kind][id]["Spec"]["Name"], service["Spec"]["Name"]
                reason = f"{kind[:-1]} '{name}' is in use by the following service: {by}"
                return 400, {"message": f"rpc error: code = InvalidArgument desc = {reason}"}
        del self.kept[kind][id]
        return 204, None


def _merged(state: Any, inputs: Any) -> Any:
    """The state as the program's own inputs have it, where they speak."""
    if not (isinstance(state, dict) and isinstance(inputs, dict)):
        return inputs
    return {**state, **{key: _merged(state.get(key), value) for key, value in inputs.items()}}


def _thing(id: str, name: str, labels: dict[str, str], data: str) -> Json:
    return {"ID": id, "Spec": {"Name": name, "Labels": labels, "Data": data}}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _service(id: str, body: Json) -> Json:
    """As the swarm keeps it: what was not said has its defaults."""
    spec = copy.deepcopy(body)
    if not spec.get("Mode"):
        spec["Mode"] = {"Replicated": {"Replicas": 1}}
    task = spec["TaskTemplate"]
    task["Runtime"] = task.get("Runtime") or "container"
    task["RestartPolicy"] = {"Condition": "any", "MaxAttempts": 0, **task["RestartPolicy"]}
    spec["EndpointSpec"]["Mode"] = spec["EndpointSpec"].get("Mode") or "vip"
    endpoint = {"Spec": spec["EndpointSpec"], "Ports": spec["EndpointSpec"].get("Ports") or []}
    return {"ID": id, "Version": {"Index": 1}, "Spec": spec, "Endpoint": endpoint}


def _found(things: Json, id: str, what: str) -> Answer:
    return (200, things[id]) if id in things else (404, {"message": f"No such {what}: {id}"})


_IMAGE = {"Descriptor": {"digest": "sha256:0"}, "Platforms": [{"architecture": "amd64", "os": "linux"}]}
# As docker_world's: (world, query, body, parts of the path) -> (status, answer).
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", r"/services", lambda w, q, b: (200, list(w.swarm.services.values()))),
    ("POST", r"/services/create", lambda w, q, b: w.swarm.create(w._take_id(), b)),
    ("POST", r"/services/([^/]+)/update", lambda w, q, b, id: w.swarm.update(id, b)),
    ("GET", r"/services/([^/]+)", lambda w, q, b, id: _found(w.swarm.services, id, "service")),
    ("DELETE", r"/services/([^/]+)", lambda w, q, b, id: (200, w.swarm.services.pop(id) and None)),
    ("GET", r"/tasks", lambda w, q, b: (200, w.swarm.tasks(json.loads(q["filters"])))),
    ("GET", r"/nodes", lambda w, q, b: (200, [_NODE])),
    ("GET", r"/distribution/(.+)/json", lambda w, q, b, name: (200, _IMAGE)),
    ("POST", r"/(secrets|configs)/create", lambda w, q, b, kind: w.swarm.keep(kind, w._take_id(), b)),
    ("GET", r"/(secrets|configs)/([^/]+)", lambda w, q, b, kind, id: _found(w.swarm.kept[kind], id, kind[:-1])),
    ("DELETE", r"/(secrets|configs)/([^/]+)", lambda w, q, b, kind, id: w.swarm.drop(kind, id)),
]
