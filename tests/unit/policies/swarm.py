"""The shipped program's containers as a swarm's services, and what is changed of one: each outage that a container may have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from policies.model import CONTAINER, SERVICE, Resource

from .changes import CACHE, INDEXER, LLM, MONGO, QUEUE, Resources

Edit = Callable[[dict[str, Any]], Any]


def as_service(container: Resource) -> Resource:
    """A docker.Service that means what a docker.Container does; it publishes nothing, since a swarm knows no loopback."""
    said = container.props
    about: dict[str, Any] = {
        "name": said.get("name"),
        "taskSpec": {
            "containerSpec": {
                "image": said.get("image"),
                "commands": said.get("entrypoints"),
                "args": said.get("command"),
                "env": dict(entry.partition("=")[::2] for entry in said.get("envs") or ()),
                "mounts": said.get("mounts"),
                "healthcheck": said.get("healthcheck"),
                "hosts": said.get("hosts"),
                "stopGracePeriod": f"{said['destroyGraceSeconds']}s",
                "capAdds": (said.get("capabilities") or {}).get("adds"),
                "capDrops": (said.get("capabilities") or {}).get("drops"),
                "readOnly": said.get("readOnly"),
                "user": said.get("user"),
            },
            "resources": {
                "limits": {"memoryBytes": said["memory"] * 2**20, "nanoCpus": int(float(said["cpus"]) * 1e9)}
            },
            "restartPolicy": {"condition": "any"},
            "networksAdvanceds": [{"name": one["name"]} for one in said["networksAdvanced"]],
            "logDriver": {"name": said.get("logDriver"), "options": said.get("logOpts")},
        },
        "endpointSpec": {"ports": []},
    }
    return replace(container, type=SERVICE, props=about, secrets=None)


def swarmed(name: str, change: Edit) -> Callable[[Resources], Resources]:
    """One container as a service, with a change of its `spec` (container), `task` or `whole`."""

    def run(resources: Resources) -> Resources:
        out, hit = [], 0
        for resource in resources:
            if resource.type == CONTAINER and re.fullmatch(name, resource.name):
                hit += 1
                resource = as_service(resource)
                change(resource.props)  # type: ignore[arg-type]  # made here
            out.append(resource)
        assert hit == 1, f"{hit} containers are called {name}"
        return out

    return run


def spec(**props: Any) -> Edit:
    return lambda whole: whole["taskSpec"]["containerSpec"].update(props)


def task(**props: Any) -> Edit:
    return lambda whole: whole["taskSpec"].update(props)


def env(**variables: str | None) -> Edit:
    def change(whole: dict[str, Any]) -> None:
        there = whole["taskSpec"]["containerSpec"]["env"]
        for name, value in variables.items():
            there.pop(name) if value is None else there.update({name: value})

    return change


def ports(*published: dict[str, Any]) -> Edit:
    return lambda whole: whole.update(endpointSpec={"ports": list(published)})


def unchanged(whole: dict[str, Any]) -> None:
    """The service as it is."""


def bind(source: str, target: str = "/host") -> Edit:
    return spec(mounts=[{"type": "bind", "source": source, "target": target}])


OUTAGES: list[tuple[str, str, Callable[[Resources], Resources]]] = [
    ("Redis is published", "data-published", swarmed(CACHE, ports({"targetPort": 6379, "publishedPort": 6379}))),
    ("Redis is published by the node", "data-published", swarmed(CACHE, ports({"targetPort": 6379, "publishedPort": 6379, "publishMode": "host"}))),
    ("Redis is on a random port", "data-published", swarmed(CACHE, ports({"targetPort": 6379}))),
    ("MongoDB is published", "data-published", swarmed(MONGO, ports({"targetPort": 27017, "publishedPort": 27017}))),
    ("MongoDB is open", "data-open", swarmed(MONGO, ports({"targetPort": 27017, "publishedPort": 27017}))),
    ("a service goes round UFW", "firewall-docker-bypass", swarmed(INDEXER, ports({"targetPort": 3009, "publishedPort": 8080}))),
    ("a service takes nginx's port", "services-port-collision", swarmed(INDEXER, ports({"targetPort": 3009, "publishedPort": 80}))),
    ("a service takes another's port", "services-port-collision", swarmed(INDEXER, ports({"targetPort": 3009, "publishedPort": 13008}))),
    ("published beside where it listens", "services-port-mismatch", swarmed(LLM, ports({"targetPort": 3000, "publishedPort": 3008}))),
    ("upstream is not published", "services-upstream-port", swarmed(LLM, unchanged)),
    ("off the network", "network-container-outside", swarmed(INDEXER, task(networksAdvanceds=[{"name": "other"}]))),
    ("without a network", "network-container-outside", swarmed(INDEXER, task(networksAdvanceds=[]))),
    ("on the host's network", "network-host-mode", swarmed(INDEXER, task(networksAdvanceds=[{"name": "host"}]))),
    ("renamed", "network-unknown-name", swarmed(CACHE, lambda whole: whole.update(name="cache"))),
    ("wrong host in REDIS_URL", "network-unknown-name", swarmed(QUEUE, env(REDIS_URL="redis://redis-server:6379"))),
    ("a key is missing", "services-key-missing", swarmed(LLM, env(OPENAI_API_KEY=None))),
    ("a key is a placeholder", "services-key-missing", swarmed(LLM, env(ANTHROPIC_API_KEY="changeme"))),
    ("a key is malformed", "services-key-malformed", swarmed(LLM, env(OPENAI_API_KEY="pk-12345678901234567890"))),
    ("a key of another", "services-key-elsewhere", swarmed(QUEUE, env(OPENAI_API_KEY="sk-" + "a" * 24))),
    ("no health check", "services-no-health", swarmed(INDEXER, spec(healthcheck=None))),
    ("health check NONE", "services-no-health", swarmed(INDEXER, spec(healthcheck={"tests": ["NONE"]}))),
    ("comes back never", "services-no-restart", swarmed(INDEXER, task(restartPolicy={"condition": "none"}))),
    ("no limits", "services-no-memory-limit", swarmed(INDEXER, task(resources={}))),
    ("no CPU limit", "services-no-cpu-limit", swarmed(INDEXER, task(resources={"limits": {"memoryBytes": 2**28}}))),
    ("more than the plan", "services-over-plan", swarmed(INDEXER, task(resources={"limits": {"memoryBytes": 9 * 2**30, "nanoCpus": 10**9}}))),
    ("copies want more than the plan", "services-over-plan", swarmed(INDEXER, lambda whole: whole.update(mode={"replicated": {"replicas": 30}}))),
    ("image of any version", "services-latest-image", swarmed(INDEXER, spec(image="ghcr.io/mech-is/mech-indexer"))),
    ("logs without rotation", "services-no-log-rotation", swarmed(INDEXER, task(logDriver={"name": "json-file", "options": {}}))),
    ("a capability", "services-privileged", swarmed(INDEXER, spec(capAdds=["CAP_SYS_ADMIN"]))),
    ("Docker's socket", "services-docker-socket", swarmed(INDEXER, bind("/var/run/docker.sock"))),
    ("the host's root", "services-docker-socket", swarmed(INDEXER, bind("/"))),
    ("the folder of Docker's socket", "services-docker-socket", swarmed(INDEXER, bind("/var/run/"))),
    ("no SELinux", "services-unconfined", swarmed(INDEXER, spec(privileges={"seLinuxContext": {"disable": True}}))),
    ("Redis' data in memory", "data-redis-persistence", swarmed(CACHE, spec(mounts=[{"type": "tmpfs", "target": "/data"}]))),
    ("Redis' data inside", "data-redis-persistence", swarmed(CACHE, spec(mounts=[]))),
    ("MongoDB's data inside", "data-mongodb-volume", swarmed(MONGO, spec(mounts=[]))),
    ("MongoDB without a password", "data-mongodb-auth", swarmed(MONGO, unchanged)),
    ("MongoDB has 2 s", "data-no-grace", swarmed(MONGO, spec(stopGracePeriod="2s"))),
    ("Redis is killed at once", "data-no-grace", swarmed(CACHE, spec(stopGracePeriod="0s"))),
]  # fmt: skip
# What no rule may mind of a service of the platform.
HARMLESS: list[tuple[str, Callable[[Resources], Resources]]] = [
    *((f"{name} as a service", swarmed(name, unchanged)) for name in (CACHE, MONGO)),
    ("one copy", swarmed(CACHE, lambda whole: whole.update(mode={"replicated": {"replicas": 1}}))),
    ("an update of one after the other", swarmed(CACHE, lambda whole: whole.update(updateConfig={"parallelism": 1, "order": "stop-first"}))),
    ("a secret of the swarm", swarmed(MONGO, spec(secrets=[{"secretId": "x", "secretName": "s", "fileName": "/run/secrets/s"}]))),
    ("a longer grace", swarmed(MONGO, spec(stopGracePeriod="2m0s"))),
    ("a label", swarmed(CACHE, lambda whole: whole.update(labels=[{"label": "team", "value": "a"}]))),
    ("placed on managers", swarmed(CACHE, task(placement={"constraints": ["node.role==manager"]}))),
]  # fmt: skip
