"""A service's container."""

from __future__ import annotations

from collections.abc import Iterator

from mech_infra.commands.containers import SERVICE, VERSION
from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Drift, Look

_DATASTORES = ("redis", "mongodb")
_HOST = ("DOCKER_DOWN",)


def _drifted(look: Look, *words: str) -> Iterator[tuple[str, Drift]]:
    for item in look.drift("container", "bears-name"):
        name = item.label.removeprefix("container ")
        if name not in _DATASTORES and any(item.there.startswith(word) for word in words):
            yield name, item


def _said(look: Look, name: str) -> tuple[str, ...]:
    """Its last words, where they could be read."""
    lines = ((look.bundle.facts.get("host") or {}).get("inspected") or {}).get(name, {}).get("said") or []
    return tuple(f"its log: {line}" for line in lines[-2:])


@cause(
    "PORT_TAKEN",
    "port {port}, on which {name} listens, is held by {process}",
    layer="container",
    visitor="502",
    guide="Port Binding Issues",
    reads=("host.told", "drift.bears-name", "drift.container"),
    fix="kill $(lsof -t -i:{port}) when it is nobody's; then pulumi up",
    floor="risk",
    follows=("NGINX_PORT_TAKEN",),
    rules=("services-port-collision",),
)
def port_taken(look: Look) -> Iterator[Found]:
    ill = {name for name, _ in _drifted(look, "exited", "created", "missing", "dead")}
    for said in look.told("is held by"):
        port, process = said.removeprefix("port ").split(" is held by ")
        services = {service for name in ill for service in look.of_container(name)}
        if ill:
            given = {"port": port, "process": process, "name": ", ".join(sorted(ill))}
            yield Found(tuple(sorted(services)), given, (f"ss -ltnp: {said}",))


@cause(
    "CONTAINER_MISSING",
    "the container {name} is missing",
    layer="container",
    visitor="502",
    guide="System Status Overview",
    reads=(
        "drift.bears-name",
        "drift.container",
    ),
    fix="pulumi up",
    follows=(*_HOST, "PORT_TAKEN"),
)
def missing(look: Look) -> Iterator[Found]:
    for name, item in _drifted(look, "missing", "is called"):
        yield Found(look.of_container(name), {"name": name}, (f"docker ps -a: {name} {item.there}",))


@cause(
    "CONTAINER_STOPPED",
    "the container {name} is stopped ({there}{exit})",
    layer="container",
    visitor="502",
    guide="System Status Overview",
    reads=("drift.bears-name", "drift.container", "host.inspected"),
    fix="pulumi up",
    follows=(*_HOST, "PORT_TAKEN", "CONTAINER_OOM"),
    rules=("services-no-restart",),
)
def stopped(look: Look) -> Iterator[Found]:
    inspected = look.fact("host.inspected")
    for name, item in _drifted(look, "exited", "created", "dead"):
        code = (inspected.get(name) or {}).get("exit")
        given = {"name": name, "there": item.there, "exit": f", exit code {code}" if code else ""}
        yield Found(look.of_container(name), given, (f"docker ps -a: {name} {item.there}", *_said(look, name)))


@cause(
    "CONTAINER_PAUSED",
    "the container {name} is paused: it takes connections and does not answer",
    layer="container",
    visitor="524 after 120 s",
    guide="Issue 1: All Services Unreachable (524 and 504)",
    reads=(
        "drift.bears-name",
        "drift.container",
    ),
    fix="docker unpause {name} (or pulumi up)",
)
def paused(look: Look) -> Iterator[Found]:
    for name, item in _drifted(look, "paused"):
        yield Found(look.of_container(name), {"name": name}, (f"docker ps: {name} {item.there}",))


@cause(
    "CONTAINER_OFF_NETWORK",
    "the container {name} is {there}",
    layer="container",
    visitor="503: could not connect to redis or mongodb",
    guide="Issue 2: Container Network Issues",
    reads=(
        "drift.bears-name",
        "drift.container",
    ),
    fix="pulumi up",
    floor="degraded",
    follows=("NETWORK_MISSING", "NETWORK_FOREIGN"),
    rules=("network-container-outside",),
)
def off_network(look: Look) -> Iterator[Found]:
    for name, item in _drifted(look, "not on", "not known as", "also on"):
        yield Found(look.of_container(name), {"name": name, "there": item.there}, (f"docker inspect: {item.there}",))


@cause(
    "CONTAINER_CRASHES",
    "the container {name} starts over and over{times}: {why}",
    layer="container",
    visitor="502",
    guide="Automated Troubleshooting (unhealthy containers)",
    reads=("host.inspected",),
    fix="docker logs --tail 50 {name}; then mech rollback {service}, or set its config right and pulumi up",
    follows=("CONTAINER_OOM", "KEY_MISSING"),
    floor="degraded",
)
def crashes(look: Look) -> Iterator[Found]:
    for name, about in look.fact("host.inspected").items():
        if about["state"] == "restarting":
            said = next((line for line in reversed(about["said"]) if line.strip()), "no word")
            service = next(iter(look.of_container(name)), name)
            given = {"name": name, "times": f" ({about['restarts']} times)", "why": said, "service": service}
            yield Found(look.of_container(name), given, (f"docker ps: {name} restarting", *_said(look, name)))


@cause(
    "CONTAINER_FOREIGN",
    "the container {name} was made by hand: without our limits, secrets, log rotation",
    layer="container",
    visitor="whatever the hand left out",
    guide="System Status Overview",
    reads=(
        "drift.bears-name",
        "drift.container",
        "host.inspected",
    ),
    fix="pulumi up",
    follows=("KEY_MISSING", "CONTAINER_CRASHES", "DATABASE_REFUSES"),
    rules=(
        "services-privileged",
        "services-docker-socket",
        "services-no-log-rotation",
    ),
)
def foreign(look: Look) -> Iterator[Found]:
    for name, _ in _drifted(look, "made by hand"):
        yield Found(
            look.of_container(name), {"name": name}, (f"docker inspect {name}: no label of ours", *_said(look, name))
        )


@cause(
    "CONTAINER_UNHEALTHY",
    "the container {name} is unhealthy: {how}",
    layer="container",
    visitor="524 or 503",
    guide="Automated Troubleshooting (unhealthy containers)",
    reads=(
        "host.inspected",
        "edge.answers",
        "host.answers",
    ),
    fix="docker logs --tail 50 {name}; docker restart {name}",
    floor="degraded",
    follows=(
        "CONTAINER_PAUSED",
        "REDIS_DOWN",
        "MONGODB_DOWN",
        "REDIS_FOREIGN",
        "MONGODB_FOREIGN",
        "NETWORK_MISSING",
        "KEY_REFUSED",
        "KEY_MISSING",
        "VENDOR_TIMEOUT",
        "VENDOR_LIMIT",
        "CONTAINER_OFF_NETWORK",
        "REDIS_PASSWORD",
        "MONGODB_PASSWORD",
        "DATABASE_REFUSES",
        "NO_WAY_OUT",
        "FORWARDING_OFF",
        "NAT_GONE",
        "CONTAINER_FOREIGN",
        "VENDOR_FAILS",
    ),
    rules=("services-no-health",),
)
def unhealthy(look: Look) -> Iterator[Found]:
    for name, about in look.fact("host.inspected").items():
        if about["health"] == "unhealthy" and about["state"] == "running":
            inside = {one: look.views[one].container for one in look.of_container(name)}
            how = next((answer.says for answer in inside.values() if answer.says), "its health check fails")
            yield Found(
                look.of_container(name),
                {"name": name, "how": how},
                (f"docker ps: {name} (unhealthy)", *_said(look, name)),
            )


@cause(
    "ENV_FILE_EDITED",
    "{path} is {there}: the container runs with what was declared until it is made anew by hand",
    layer="container",
    visitor="nothing yet",
    guide="mech-llms: API Key Errors",
    reads=("drift.file",),
    fix="pulumi up",
)
def env_edited(look: Look) -> Iterator[Found]:
    for item in look.drift("file"):
        if item.label.endswith("/.env"):
            yield Found((), {"path": item.label, "there": item.there})


@cause(
    "ROLLOUT_REFUSED",
    "the new version of {service} was refused, and the one before serves on: {why}",
    layer="container",
    visitor="nothing: the version before answers",
    guide="Automated Troubleshooting (unhealthy containers)",
    reads=("host.docker", "host.inspected"),
    fix="set its config right, then pulumi up; or mech rollback {service}",
    key="mech:services.{service}",
)
def rollout_refused(look: Look) -> Iterator[Found]:
    """A stopped container of another version beside the one that runs; a rollout that goes well removes it."""
    inspected = look.fact("host.inspected")
    known = [c for c in look.fact("host.docker")["containers"] if SERVICE in (c["labels"] or {})]
    for c in known:
        service, version = c["labels"][SERVICE], c["labels"].get(VERSION)
        serves = any(
            one["state"] == "running" and one["labels"][SERVICE] == service and one["labels"].get(VERSION) != version
            for one in known
        )
        if serves and c["state"] in ("exited", "created", "dead"):
            said = [line for line in (inspected.get(c["name"]) or {}).get("said", []) if line.strip()]
            why = said[-1] if said else f"its container {c['name']} is {c['state']}"
            yield Found((), {"service": service, "why": why}, (f"docker ps -a: {c['name']} {c['state']}",))
