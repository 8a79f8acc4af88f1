"""Hardening: what a container does not need and has by default. Judged only where it is asked for (`--hardening`)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.family import Family
from policies.reading.containers import Container

rule = Family("hardening")


@rule.containers(
    "hardening-capabilities",
    title="Only the capabilities that are needed",
    symptom="a hole in one service may change owners, bind any port, send raw packets",
    fix="drop ALL capabilities, and add those that the service works with",
    severity="medium",
    level="optional",
    cis=["5.4"],
)
def capabilities(container: Container) -> Iterator[str]:
    drops = {str(name).upper().removeprefix("CAP_") for name in container.items("capabilities", "drops")}
    if not container.once and "ALL" not in drops:
        yield f"{container.label} keeps Docker's default capabilities"


@rule.containers(
    "hardening-new-privileges",
    title="No process gains privileges",
    symptom="a program with the setuid bit makes root of a service's user",
    fix="set no-new-privileges:true in securityOpts",
    severity="medium",
    level="optional",
    cis=["5.26"],
)
def new_privileges(container: Container) -> Iterator[str]:
    said = {str(option).replace("=", ":").strip().lower() for option in container.items("securityOpts")}
    if not container.once and not said & {"no-new-privileges", "no-new-privileges:true"}:
        yield f"{container.label} may gain privileges"


@rule.containers(
    "hardening-root-filesystem",
    title="The image stays as it is",
    symptom="what broke in writes its programs into the container, and they stay",
    fix="set readOnly, and tmpfs for the folders that the service writes to",
    severity="low",
    level="optional",
    cis=["5.13"],
)
def root_filesystem(container: Container) -> Iterator[str]:
    if not container.once and container.get("readOnly") is not True:
        yield f"{container.label} can write everywhere in its container"


@rule.containers(
    "hardening-processes",
    title="A limit of processes each",
    symptom="`fork: Cannot allocate memory` on the whole host",
    fix="set a limit of processes (docker run --pids-limit, compose pids_limit, or default-ulimits of the daemon)",
    severity="low",
    level="optional",
    cis=["5.29"],
)
def processes(container: Container) -> Iterator[str]:
    # Pulumi's resources have no such property: only what commands and compose files make can have it.
    if not container.once and not container.how.startswith("docker.") and not (container.number("pidsLimit") or 0) > 0:
        yield f"{container.label} may start any number of processes"


@rule.containers(
    "hardening-root-user",
    title="Services do not run as root",
    symptom="a hole in one service is root in its container",
    fix="name a user of the image's own (user), or leave it to the image",
    severity="medium",
    level="optional",
    cis=["4.1"],
)
def root_user(container: Container) -> Iterator[str]:
    # Where none is named the image decides, which is not known here.
    if not container.once and container.text("user").partition(":")[0] in ("root", "0"):
        yield f"{container.label} runs as root"


@rule.containers(
    "hardening-digest",
    title="Images are pinned by digest",
    symptom="a tag that is pushed anew runs another program",
    fix="name the image as NAME:TAG@sha256:…",
    severity="low",
    level="optional",
)
def digest(container: Container) -> Iterator[str]:
    if not container.once and container.image and "sha256:" not in container.image:
        yield f"{container.label} runs {container.image}, which may be pushed anew"


@rule.containers(
    "hardening-grace",
    title="Services may finish",
    symptom="requests that are cut at every change",
    fix="set destroyGraceSeconds (docker.Container), or leave Docker's 10 s",
    severity="low",
    level="optional",
)
def grace(container: Container) -> Iterator[str]:
    # terraform-provider-docker: without it a container is stopped with a time-out of 0.
    key = "destroyGraceSeconds" if container.how == "docker.Container" else "stopTimeout"
    given = container.number(key)
    if not container.once and (given == 0 or (given is None and container.how == "docker.Container")):
        yield f"{container.label} is killed at once when it is replaced"
