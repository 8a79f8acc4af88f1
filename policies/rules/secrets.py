"""Secrets: none in plain in what the program declares, since that is in the state, in logs and in process lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mech_infra.catalogue import SECRETS
from policies.family import Family
from policies.model import CONTAINER, LOCAL, REMOTE, SERVICE, SERVICE_CONFIG, Finding, Resource, Stack
from policies.reading.commands import Script, decoded, scripts
from policies.reading.containers import container_name
from policies.reading.secrets import Plain, in_text, in_words, is_secret

rule = Family("secrets")
Path = tuple[str | int, ...]
_STACK = "pulumi:pulumi:Stack"
_KEYS = [re.compile(one.pattern) for one in SECRETS.values() if not one.pattern.startswith("[0-9a-f]")]
_CALLED = re.compile(
    r"(?:^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY|ENCRYPTION_KEY)$", re.I
)


def _of_text(script: Script) -> Iterator[Plain]:
    """What stands in a script, without the keys that services-key-in-command tells of."""
    text = script.text
    if script.resource.type in (REMOTE, LOCAL):
        for key in _KEYS:
            text = key.sub("$KEY", text)
    yield from in_text(text)
    about = script.resource.props.get("environment")
    given = about.items() if isinstance(about, Mapping) else ()
    hidden = {str(value) for name, value in given if script.resource.is_secret("environment", name)}
    fed = script.resource.props.get("stdin")  # rule secrets-in-environment's
    hidden |= {fed} if isinstance(fed, str) else set()
    yield from in_words(script.trace, hidden)
    for part in script.written.values() if not script.text and not _is_hidden(script) else ():
        yield from in_text(part)


def _is_hidden(upload: Script) -> bool:
    return upload.resource.is_secret("source") or upload.resource.is_secret("source", "text")


@rule(
    "secrets-in-command",
    title="No secret in what runs on a host",
    symptom="a password in the state, in logs and in process lists, for whoever may read one of them",
    fix="keep it as `pulumi config set --secret`, and hand it over by stdin",
    severity="high",
)
def in_command(stack: Stack) -> Iterator[Finding]:
    for script in scripts(stack):
        # One that the shell hands to a program stands in the text, too: once is enough.
        for line, what in sorted({plain.line: plain.what for plain in _of_text(script)}.items()):
            yield Finding(f"line {line} of {script.resource.name} has {what} in plain", script.resource)


@rule(
    "secrets-in-environment",
    title="Secrets are marked as such",
    symptom="a password in plain in the state, for whoever may read it",
    fix="give the value as a secret: Output.secret, or config.require_secret",
    severity="high",
)
def in_environment(stack: Stack) -> Iterator[Finding]:
    for container in stack.of(CONTAINER):
        envs = container.props.get("envs")
        for at, entry in enumerate(envs if isinstance(envs, list | tuple) else ()):
            if isinstance(entry, str) and not container.is_secret("envs", at):
                name, _, value = entry.partition("=")
                if _reveals(name, value):
                    yield Finding(f"{container_name(container)} has {name} in plain", container)
    for service in stack.of(SERVICE):
        for name in _of_swarm(service):
            yield Finding(f"{container_name(service)} has {name} in plain", service)
    for config in stack.of(SERVICE_CONFIG):
        held = config.props.get("data")
        found = in_text(decoded(held)) if isinstance(held, str) and not config.is_secret("data") else ()
        for plain in found[:1]:
            yield Finding(f"{config.name} has {plain.what} in plain: keep it in a docker.Secret", config)
    for command in stack.commands():
        about = command.props.get("environment")
        for name, value in about.items() if isinstance(about, Mapping) else ():
            if isinstance(value, str) and not command.is_secret("environment", name) and _reveals(str(name), value):
                yield Finding(f"{command.name} has {name} in plain", command)
        fed = command.props.get("stdin")
        if isinstance(fed, str) and not command.is_secret("stdin") and in_text(fed):
            yield Finding(f"{command.name} has {in_text(fed)[0].what} in plain on its stdin", command)


def _of_swarm(service: Resource) -> Iterator[str]:
    """The variables of a docker.Service that are secrets in plain."""
    path = ("taskSpec", "containerSpec", "env")
    task = service.props.get("taskSpec")
    spec = task.get("containerSpec") if isinstance(task, Mapping) else None
    envs = spec.get("env") if isinstance(spec, Mapping) else None
    for name, value in envs.items() if isinstance(envs, Mapping) else ():
        if isinstance(value, str) and not service.is_secret(*path, name) and _reveals(str(name), value):
            yield str(name)


def _reveals(name: str, value: str) -> bool:
    return (bool(_CALLED.search(name)) and is_secret(value)) or bool(in_text(value))


@rule(
    "secrets-in-output",
    title="Outputs tell no secret",
    symptom="a password in plain in `pulumi stack output`, and in every log of a deployment",
    fix="export it as a secret: pulumi.export(name, Output.secret(value))",
    severity="high",
)
def in_output(stack: Stack) -> Iterator[Finding]:
    for root in stack.of(_STACK):
        for path, text in _texts((), root.props):
            named = [_upper(str(step)) for step in path if isinstance(step, str)]
            if not root.is_secret(*path) and _reveals(named[-1] if named else "", text):
                yield Finding(f"the stack's output {path[0]} is a secret in plain", root)


def _upper(name: str) -> str:
    """`dbPassword`, `db-password` as a variable's name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", name).upper()


def _texts(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts((*path, str(key)), inner)
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _texts((*path, at), inner)
