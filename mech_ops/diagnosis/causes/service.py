"""What services say of their databases and of each other, and what their logs say that no health report does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.causes.needs import DATABASES, SERVICES, WORKERS, said
from mech_ops.diagnosis.look import Look

_CLOSED = r"password|authentication"
# A database that is itself not well explains what services say of it.
_DATABASE = (
    "REDIS_DOWN",
    "MONGODB_DOWN",
    "REDIS_FOREIGN",
    "MONGODB_FOREIGN",
    "DATASTORE_OFF_NETWORK",
    "REDIS_PASSWORD",
    "MONGODB_PASSWORD",
    "NETWORK_MISSING",
    "NETWORK_FOREIGN",
    "CONTAINER_OFF_NETWORK",
    "DOCKER_DOWN",
    "REDIS_REPLICA",
    "REDIS_FULL",
    "REDIS_SETTING",
    "VOLUME_NOT_MOUNTED",
    "CHAIN_REJECTS",
    "UFW_BEFORE_RULES",
    "UFW_DENIES_FORWARD",
    "FORWARDING_OFF",
    "REDIS_NOT_SAVING",
)


@cause(
    "DATABASE_REFUSES",
    "{name} refuses {service}: {word}",
    layer="service",
    visitor="503",
    guide="MongoDB Connection Issues",
    reads=("edge.answers", "host.answers"),
    fix="pulumi up",
    key="mech:services.{service}.environment",
    floor="degraded",
    follows=("REDIS_PASSWORD", "MONGODB_PASSWORD", "REDIS_FOREIGN", "MONGODB_FOREIGN", "VOLUME_NOT_MOUNTED"),
)
def refuses(look: Look) -> Iterator[Found]:
    yield from said(look, DATABASES, like=_CLOSED)


@cause(
    "DATABASE_UNREACHED",
    "{service} does not reach {name}: {word}",
    layer="service",
    visitor="503",
    guide="Issue 2: Container Network Issues",
    reads=("edge.answers", "host.answers"),
    fix="docker exec {container} getent hosts {name}; mech drift",
    floor="degraded",
    follows=_DATABASE,
    rules=("network-unknown-name",),
)
def unreached(look: Look) -> Iterator[Found]:
    yield from said(look, DATABASES, unlike=_CLOSED)


@cause(
    "WORKERS_SILENT",
    "the workers of {service} do not show life: {word}",
    layer="service",
    visitor="503; jobs stay queued",
    guide="mech-queue: Job Processing Failures",
    reads=("edge.answers", "host.answers"),
    fix="docker logs --tail 50 {container}; mech restart {service}",
    floor="degraded",
    follows=(*_DATABASE, "DATABASE_UNREACHED", "DATABASE_REFUSES"),
)
def workers_silent(look: Look) -> Iterator[Found]:
    yield from said(look, WORKERS)


@cause(
    "CALLED_SERVICE_FAILS",
    "{service} says of {name}, which it calls: {word}",
    layer="service",
    visitor="503 from this one, too",
    guide="mech-sequences",
    reads=("edge.answers", "host.answers"),
    fix="first {name}: its own cause is named apart",
    floor="notice",
)
def called(look: Look) -> Iterator[Found]:
    yield from said(look, SERVICES)


def _logged(look: Look, pattern: str) -> Iterator[tuple[str, str]]:
    """(container, line): the last one of each container's log."""
    for name, about in look.fact("host.inspected").items():
        lines = [line for line in about["said"] if re.search(pattern, line, re.I)]
        if lines:
            yield name, lines[-1]


@cause(
    "MODEL_NOT_AVAILABLE",
    "the model that {container} is to use is not there: {line}",
    layer="service",
    visitor="502 from requests for an answer; health says ok",
    guide="mech-llms: Model Loading Failures",
    reads=("host.inspected",),
    fix="pulumi config set --path mech:services.llm.environment.LLM_MODEL gpt-4o, then pulumi up",
    key="mech:services.llm.environment.LLM_MODEL",
    floor="degraded",
)
def model(look: Look) -> Iterator[Found]:
    for container, line in _logged(
        look, r"could not load model|model .* (?:not found|does not exist|is not available)"
    ):
        yield Found((), {"container": container, "line": line}, (f"docker logs {container}: {line}",))


@cause(
    "JOB_TIMEOUT",
    "a job took longer than its own limit and was ended: {line}",
    layer="service",
    visitor="that job failed",
    guide="mech-queue: Job Processing Failures",
    reads=("host.inspected",),
    fix="nothing: the queue goes on; a longer limit is the job's own (timeout_s)",
    floor="notice",
)
def job_timeout(look: Look) -> Iterator[Found]:
    for container, line in _logged(look, r"job timeout"):
        yield Found((), {"line": line}, (f"docker logs {container}: {line}",))


@cause(
    "LOG_ERRORS",
    "{container} notes errors of late: {line}",
    layer="service",
    visitor="errors from some requests",
    guide="System Status Overview",
    reads=(
        "host.inspected",
        "edge.answers",
        "host.answers",
    ),
    fix="docker logs --tail 50 {container}",
    floor="notice",
    follows=("BETWEEN_EDGE_AND_NGINX", "BETWEEN_NGINX_AND_CONTAINER", "IN_THE_CONTAINER", "EDGE_SAYS", "EDGE_REFUSES"),
    fallback=True,
)
def log_errors(look: Look) -> Iterator[Found]:
    for container, line in _logged(look, r"\b(?:error|fatal|panic)\b"):
        service = look.of_container(container)
        if set(service) & look.failing:
            yield Found(service, {"container": container, "line": line}, (f"docker logs {container}: {line}",))
