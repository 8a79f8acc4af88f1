"""Docker: its containers and their network, where the images under our tags come from, what is not ours or not well."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mech_infra.backup.words import LABEL
from mech_infra.commands.containers import MANAGED
from mech_infra.facts.host.onhost import ask, once, run
from mech_infra.facts.host.program import on_host, reads
from mech_infra.facts.model import Check, Facts, Watch, listed

TASK = "com.docker.swarm.task.id"  # a label that Docker gives
# Networks that Docker makes by itself, the last two in a swarm.
_DOCKERS = ("bridge", "host", "none", "docker_gwbridge", "ingress")


@reads()
def docker() -> dict[str, Any] | None:
    """None where it does not run, or does not answer."""
    if not started():
        return None
    try:
        containers = [
            {
                "name": item["Names"][0].lstrip("/"), "id": item["Id"], "state": item["State"], "status": item["Status"], "image": item["Image"],
                "image_id": item["ImageID"], "labels": item["Labels"],
                "networks": sorted(item["NetworkSettings"]["Networks"]), "aliases": aliases(item["Id"]),
                "ports": sorted({p["PublicPort"] for p in item["Ports"] or [] if p.get("PublicPort")}),
            }
            for item in ask("/containers/json?all=1")
        ]  # fmt: skip
        networks = [
            {"name": item["Name"], "id": item["Id"], "labels": item["Labels"] or {}, "internal": item["Internal"]}
            for item in ask("/networks")
        ]
        # Each tag with what the image was pulled as: a tag moved by hand keeps its image's own past.
        images = {
            tag: [digest.partition("@")[0] for digest in item["RepoDigests"] or []]
            for item in ask("/images/json") for tag in item["RepoTags"] or []
        }  # fmt: skip
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return None
    return {"containers": containers, "networks": networks, "images": images}


@on_host
def started() -> bool:
    """Whether Docker runs. Asking a socket-activated daemon would start it: that is not reading."""
    return once(run, "systemctl", "is-active", "--quiet", "docker.service")[0] == 0


@on_host
def aliases(id_: str) -> list[str]:
    """All names that a container answers to on its networks; the list of containers does not have them."""
    on = (ask(f"/containers/{id_}/json").get("NetworkSettings") or {}).get("Networks") or {}
    return sorted({alias for about in on.values() for alias in about.get("Aliases") or []})


def running(labels: Mapping[str, str], facts: Facts) -> list[str]:
    """Names of the containers that run and have these labels."""
    known = listed(facts, "docker", "containers")
    return [c["name"] for c in known if c["state"] == "running" and labels.items() <= (c["labels"] or {}).items()]


@dataclass(frozen=True)
class Container(Check, kind="container", reads=["docker"]):
    """Ours, running, on this network and no other one, under all its names."""

    name: str
    network: str
    aliases: list[str] = field(default_factory=list)
    also: str | None = None  # another one that it is on, too

    @property
    def label(self) -> str:
        return f"container {self.name}"

    @property
    def good(self) -> str:
        return f"running, on {self.network}" + (f" and {self.also}" if self.also else "")

    def judge(self, facts: Facts) -> str | None:
        found = next((c for c in facts["docker"]["containers"] if c["name"] == self.name), None)
        if found is None:
            return "missing"
        if MANAGED not in (found["labels"] or {}):
            return "made by hand"
        if found["state"] != "running":
            return str(found["state"])
        for network in filter(None, (self.network, self.also)):
            if network not in found["networks"]:
                return f"not on {network}"
        if lost := sorted(set(self.aliases) - set(found["aliases"])):
            return f"not known as {', '.join(lost)}"
        others = [name for name in found["networks"] if name not in (self.network, self.also)]
        return f"also on {', '.join(others)}" if others else None


@dataclass(frozen=True)
class Network(Check, kind="network", reads=["docker"]):
    name: str

    @property
    def label(self) -> str:
        return f"network {self.name}"

    good = "there"

    def judge(self, facts: Facts) -> str | None:
        found = [n for n in facts["docker"]["networks"] if n["name"] == self.name]
        if not found:
            return "missing"
        return None if all(MANAGED in network["labels"] for network in found) else "made by hand"


@dataclass(frozen=True)
class Image(Check, kind="image", reads=["docker"]):
    """The image under this tag is one that was pulled from the tag's own repository, not one that was put there."""

    reference: str

    @property
    def label(self) -> str:
        return self.reference

    good = "from its registry"

    def judge(self, facts: Facts) -> str | None:
        repository, _, tag = self.reference.partition("@")[0].rpartition(":")
        if not repository or "/" in tag:  # no tag: Docker means "latest"
            repository, tag = self.reference, "latest"
        pulled = facts["docker"]["images"].get(f"{repository}:{tag}")
        if pulled is None:
            return "missing"
        return None if repository in pulled else "another image stands under this tag"


@dataclass(frozen=True)
class Down(Watch, kind="docker-down"):
    """Docker does not answer on the host: then the Docker provider fails the whole preview."""

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        if "docker" in facts and facts["docker"] is None:
            yield f"Docker on host {access['host']} does not answer: the preview of its containers fails. Next: mech recover"


@dataclass(frozen=True)
class ForeignContainers(Watch, kind="foreign-containers"):
    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for c in listed(facts, "docker", "containers"):
            # What a backup is proved in is there for a minute; a swarm's tasks are its services' to tell.
            if not {MANAGED, LABEL, TASK} & {*(c["labels"] or {})}:
                yield f"not ours: the container {c['name']} ({c['image']}, {c['state']}) is not declared (left as it is)"


@dataclass(frozen=True)
class ForeignNetworks(Watch, kind="foreign-networks"):
    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for n in listed(facts, "docker", "networks"):
            if MANAGED not in n["labels"] and n["name"] not in _DOCKERS:
                yield f"not ours: the network {n['name']} is not declared (left as it is)"


@dataclass(frozen=True)
class IllContainers(Watch, kind="ill-containers"):
    """Ours, but unhealthy or starting over and over: no drift, and no `pulumi up` heals it."""

    def tell(self, facts: Facts, access: Mapping[str, Any]) -> Iterator[str]:
        for c in listed(facts, "docker", "containers"):
            unhealthy = "(unhealthy)" in c["status"]
            if MANAGED in (c["labels"] or {}) and (unhealthy or c["state"] == "restarting"):
                how = "unhealthy" if unhealthy else c["state"]
                yield f"not well: the container {c['name']} is {how}: docker logs --tail 50 {c['name']}"
