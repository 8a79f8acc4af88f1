"""Services' keys: there, well formed, and only where they belong (guide, Service-Specific Issues)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mech_infra.catalogue import SECRETS, SERVICES
from policies.family import Family
from policies.model import Finding, Resource, Stack, Unjudged, each
from policies.reading.containers import Container, environment, environment_is_partial

rule = Family("services")
_PLACEHOLDER = re.compile(
    r"^(|x+|\.+|<.*>|\$\{?\w*\}?|change-?me|todo|tbd|none|null|your[-_ ].*|placeholder.*|example|secret|sk-…|replace.*)$",
    re.I,
)


def _service(container: Container) -> str | None:
    """Which service of the catalogue a container is."""
    name = environment(container).get("SERVICE_NAME")
    if name in SERVICES:
        return name
    for service in SERVICES.values():
        if re.fullmatch(rf"{re.escape(service.container_name)}(-\d+)?", container.label):
            return service.name
    return None


@rule.containers(
    "services-key-missing",
    title="Every service has its keys",
    symptom="`Error: Missing OPENAI_API_KEY`, `Error: Bad credentials`, `Error: Access Denied`",
    fix="pulumi config set --secret mech:KEY",
    severity="critical",
)
def key_missing(container: Container) -> Iterator[str]:
    service = _service(container)
    if service is None or not container.mech:
        return
    there = environment(container)
    missing = [key for key in SERVICES[service].secrets if key not in there]
    if missing and environment_is_partial(container):
        raise Unjudged(f"{container.name}.envs")
    for key in missing:
        yield f"{container.label} has no {key}"
    for key in SERVICES[service].secrets:
        if key in there and _PLACEHOLDER.match(there[key].strip()):
            yield f"{container.label} has {key} empty or as a placeholder"


@rule.containers(
    "services-key-malformed",
    title="Keys look like keys",
    symptom="`Error: Invalid API key provided`",
    fix="set the right value: pulumi config set --secret mech:KEY",
    severity="high",
)
def key_malformed(container: Container) -> Iterator[str]:
    for key, value in environment(container).items():
        secret = SECRETS.get(key)
        if secret and not _PLACEHOLDER.match(value.strip()) and not re.fullmatch(secret.pattern, value):
            yield f"{container.label}: {key} does not look like one ({secret.looks_like})"


@rule.containers(
    "services-key-elsewhere",
    title="Keys only where they belong",
    symptom="a key leaks through a service that never needed it",
    fix="give the key only to the services of the catalogue that need it",
    severity="medium",
)
def key_elsewhere(container: Container) -> Iterator[str]:
    service = _service(container)
    if service is None or not container.mech:
        return
    for key in SECRETS:
        if key in environment(container) and key not in SERVICES[service].secrets:
            yield f"{container.label} has {key}, which belongs to another service"


@rule(
    "services-key-in-command",
    title="No key in a command's text",
    symptom="the key stands in process lists, logs and the state",
    fix="pass it as a secret on stdin",
    severity="critical",
)
def key_in_command(stack: Stack) -> Iterator[Finding]:
    patterns = [re.compile(rf"(?<![A-Za-z0-9_-]){secret.pattern}(?![A-Za-z0-9])")
                for secret in SECRETS.values() if not secret.pattern.startswith("[0-9a-f]")]  # fmt: skip

    def judge(command: Resource) -> Iterator[str]:
        texts = [command.text("create"), command.text("update"), command.text("delete")]
        environment_ = command.get("environment")
        texts += [v for v in environment_.values() if isinstance(v, str)] if isinstance(environment_, dict) else []
        if any(pattern.search(text) for pattern in patterns for text in texts):
            yield f"{command.name} has a vendor's key in its command text"

    yield from each(stack.commands(), judge)
