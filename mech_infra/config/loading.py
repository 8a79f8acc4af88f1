"""From Pulumi's raw config to a validated PlatformConfig; every mistake is one line that names key and fix."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import pydantic

from mech_infra.config import across, environment, keypair, networks, private, secrets
from mech_infra.config.platform import PlatformConfig
from mech_infra.config.sentences import clean, sentence, told, withheld
from mech_infra.config.types import NAMESPACE, nearest

_SECTIONS = {info.alias or name: name for name, info in PlatformConfig.model_fields.items()}
# Config that is one string in YAML; the rest are objects and arrive as JSON.
_SCALARS = {"domain"}
_LISTS = {"allow"}


class ConfigError(Exception):
    """The stack's config is wrong; the text lists each mistake with its key and its fix."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        many = f"has {len(mistakes)} mistakes" if len(mistakes) > 1 else "is wrong"
        lines = [f"the stack's config {many}; nothing was changed:", *(f"  - {mistake}" for mistake in mistakes)]
        super().__init__("\n".join(lines))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True)
class StackConfig:
    """What a stack is configured to be, with its secrets apart so that printing the platform shows none.

    A secret's key is its own name (OPENAI_API_KEY), or SERVICE.NAME for one that a single service gets.
    """

    platform: PlatformConfig
    secrets: Mapping[str, str] = field(repr=False)


def load(
    raw: Mapping[str, str], secret_keys: Collection[str] = (), file: Mapping[str, Any] | None = None
) -> StackConfig:
    """Validate the `mech:` part of a stack's config, given as Pulumi gives it to programs.

    `file`: what stands in the stack's file in plain text, by section (stack_file.StackFile.plain). Raises ConfigError with every
    mistake found at once; nothing is touched before.
    """
    platform, found, mistakes = examine(raw, secret_keys, file)
    if mistakes or platform is None:
        raise ConfigError(mistakes)
    return StackConfig(platform, found)


def examine(
    raw: Mapping[str, str], secret_keys: Collection[str] = (), file: Mapping[str, Any] | None = None
) -> tuple[PlatformConfig | None, dict[str, str], list[str]]:
    """(the platform, None where it is wrong; the secrets; every mistake, a sentence each): `load` for who goes on."""
    marked = {_bare(key) for key in secret_keys}
    sections, found, mistakes = _sorted(raw)
    encrypted = [*private.hidden(sections, marked, file or {})]
    hidden = [*found.values(), *encrypted]
    own = private.take(sections, marked, file or {})
    mistakes += own.mistakes
    platform = None
    try:
        platform = PlatformConfig.model_validate(sections)
    except pydantic.ValidationError as error:
        mistakes += [sentence(detail, hidden) for detail in told(error.errors(include_url=False))]
    mistakes += secrets.mistakes(found, marked)
    if platform is not None:
        mistakes += [withheld(one, encrypted) for one in across.mistakes(platform, found | own.values, own.places)]
    return platform, found | own.values, [clean(mistake, hidden) for mistake in mistakes]


def _sorted(raw: Mapping[str, str]) -> tuple[private.Sections, dict[str, str], list[str]]:
    """(sections as they are written, secrets, a sentence for each key that is none)."""
    sections: private.Sections = {}
    found: dict[str, str] = {}
    mistakes: list[str] = []
    for whole, text in raw.items():
        key = _bare(whole)
        if not whole.startswith(f"{NAMESPACE}:"):
            mistakes += _other_namespace(whole)
        elif key in _SECTIONS or key == environment.SECRETS:
            try:
                sections[key] = text if key in _SCALARS else json.loads(text)
            except (ValueError, RecursionError):
                what = "a list" if key in _LISTS else "an object"
                mistakes.append(f"mech:{key} is not {what}; write it as YAML under mech:{key} in the stack's file")
        elif key in secrets.KEYS:
            found[key] = text
        elif (section := key.partition(".")[0]) in _SECTIONS:
            mistakes.append(
                f"mech:{key} was set without --path, and stands beside mech:{section}, not in it: pulumi config rm 'mech:{key}', "
                f"then pulumi config set --path 'mech:{key}' VALUE"
            )
        else:
            mistakes.append(f"mech:{key} is not a key of this program{nearest(key, [*_SECTIONS, *secrets.KEYS])}")
    return sections, found, mistakes


def _bare(key: str) -> str:
    return key.removeprefix(f"{NAMESPACE}:")


def _other_namespace(whole: str) -> list[str]:
    """A key of ours under nearly our name; all others are the plugins' and the engine's own."""
    namespace, _, key = whole.partition(":")
    like = SequenceMatcher(None, namespace.lower(), NAMESPACE).ratio() > 0.8
    if like and (key.partition(".")[0] in _SECTIONS or key in secrets.KEYS):
        return [
            f"{whole} is not read: the keys of this program begin with {NAMESPACE}:; rename it to {NAMESPACE}:{key}"
        ]
    return []


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


def check_own_address(platform: PlatformConfig, host: str) -> None:
    """Raises ConfigError where the edge would turn away the stack's own host, whose address is known once there is one."""
    for number, who in enumerate(platform.edge.blocked):
        if (why := networks.no_visitors(who, host)) is not None:
            raise ConfigError([f"{NAMESPACE}:edge.blocked.{number}: {who} {why}; take it out"])


def check_zone(platform: PlatformConfig) -> None:
    """Raises ConfigError where there is nowhere to put the records; `mech preflight` asks the account for the zone."""
    edge = platform.edge
    if edge.zone_id is None and edge.account_id is None:
        raise ConfigError(
            [
                f"{NAMESPACE}:edge.zoneId is missing, so that there is nowhere to put the records of {platform.domain}; write the id "
                f"that the zone's overview page has, or, to make the zone, {NAMESPACE}:edge.accountId"
            ]
        )
