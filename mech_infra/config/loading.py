"""From Pulumi's raw config to a validated PlatformConfig; every mistake is one line that names key and fix."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pydantic
from pydantic_core import ErrorDetails

from mech_infra import registry
from mech_infra.config import keypair, secrets
from mech_infra.config.platform import PlatformConfig
from mech_infra.config.types import NAMESPACE
from mech_infra.guard import versions

_SECTIONS = {info.alias or name: name for name, info in PlatformConfig.model_fields.items()}
# Config that is one string in YAML; the rest are objects and arrive as JSON.
_SCALARS = {"domain"}


class ConfigError(Exception):
    """The stack's config is wrong; the text lists each mistake with its key and its fix."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        many = f"has {len(mistakes)} mistakes" if len(mistakes) > 1 else "is wrong"
        lines = [f"the stack's config {many}; nothing was changed:", *(f"  - {mistake}" for mistake in mistakes)]
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class StackConfig:
    """What a stack is configured to be, with its secrets apart so that printing the platform shows none."""

    platform: PlatformConfig
    secrets: Mapping[str, str] = field(repr=False)


def load(raw: Mapping[str, str], secret_keys: Collection[str] = ()) -> StackConfig:
    """Validate the `mech:` part of a stack's config, given as Pulumi gives it to programs.

    Raises ConfigError with every mistake found at once; nothing is touched before.
    """
    platform, found, mistakes = examine(raw, secret_keys)
    if mistakes or platform is None:
        raise ConfigError(mistakes)
    return StackConfig(platform, found)


def examine(
    raw: Mapping[str, str], secret_keys: Collection[str] = ()
) -> tuple[PlatformConfig | None, dict[str, str], list[str]]:
    """(the platform, None where it is wrong; the secrets; every mistake, a sentence each): `load` for who goes on."""
    values = {key.removeprefix(f"{NAMESPACE}:"): text for key, text in raw.items() if key.startswith(f"{NAMESPACE}:")}
    mistakes: list[str] = []
    sections: dict[str, object] = {}
    found: dict[str, str] = {}
    for key, text in values.items():
        if key in secrets.KEYS:
            found[key] = text
        elif key in _SECTIONS:
            try:
                sections[key] = text if key in _SCALARS else json.loads(text)
            except ValueError:
                mistakes.append(f"mech:{key} is not an object; write it as YAML under mech:{key} in the stack's file")
        else:
            mistakes.append(f"mech:{key} is not a key of this program{_nearest(key, [*_SECTIONS, *secrets.KEYS])}")
    platform = None
    try:
        platform = PlatformConfig.model_validate(sections)
    except pydantic.ValidationError as error:
        mistakes += [_sentence(detail) for detail in error.errors(include_url=False)]
    if platform is not None:
        mistakes += registry.mistakes(platform.images.registry_user, found)
        known = versions.of(image := platform.datastores.redis.image, "redis")
        if "REDIS_PASSWORD" in found and known and (known[0] < 6 or known[:2] == (6, 0)):
            mistakes.append(
                f"{NAMESPACE}:REDIS_PASSWORD needs Redis 6.2 or newer, which knows users, and "
                f"{NAMESPACE}:datastores.redis.image is {image}; take a newer one, or: pulumi config rm {NAMESPACE}:REDIS_PASSWORD"
            )
    mistakes += secrets.mistakes(found, {key.removeprefix(f"{NAMESPACE}:") for key in secret_keys})
    return platform, found, mistakes


def key_mistake(platform: PlatformConfig) -> str | None:
    """What is wrong with the SSH key pair on this machine, in one sentence; None when it is good."""
    named = platform.host.ssh_private_key
    if os.path.expandvars(named).startswith("$"):
        return f"{NAMESPACE}:host.sshPrivateKey names {named.split('/')[0]}, which is not set; export it"
    found = keypair.mistake(platform.host.ssh_key_path)
    return f"{NAMESPACE}:host.sshPrivateKey: {found}" if found else None


def check_files(platform: PlatformConfig) -> None:
    """Look at what the config names on this machine. Raises ConfigError when the SSH key pair is not there or not good."""
    if found := key_mistake(platform):
        raise ConfigError([found])


def _sentence(detail: ErrorDetails) -> str:
    location = [str(part) for part in detail["loc"]]
    key = f"{NAMESPACE}:" + ".".join(location)
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{key} is not a setting of this program; remove it or correct its spelling{_siblings(location)}"
    if kind == "literal_error":
        options = [option.strip(" '") for option in str(context["expected"]).replace(" or ", ",").split(",")]
        return f"{key}: {detail['input']!r} is not one of {', '.join(options)}{_nearest(str(detail['input']), options)}"
    if kind == "value_error":
        text = str(context["error"])
        return text if text.startswith(f"{NAMESPACE}:") or not detail["loc"] else f"{key}: {text}"
    if kind == "string_pattern_mismatch":
        return f"{key}: {detail['input']!r} does not have the right form ({context['pattern']})"
    message = detail["msg"].removeprefix("Input should be ")
    if kind.startswith(("greater", "less")):
        return f"{key}: {detail['input']!r} is out of range; it must be {message}"
    return f"{key}: {detail['input']!r} should be {message}"


def _siblings(location: list[str]) -> str:
    model: object = PlatformConfig
    for part in location[:-1]:
        if not (isinstance(model, type) and issubclass(model, pydantic.BaseModel)):
            return ""
        info = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        model = info.annotation if info else None
    if isinstance(model, type) and issubclass(model, pydantic.BaseModel):
        return _nearest(location[-1], [info.alias or name for name, info in model.model_fields.items()])
    return ""


def _nearest(word: str, options: Collection[str]) -> str:
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
