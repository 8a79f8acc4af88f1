"""`mech env`: one setting of a service in the stack's config. Plain ones in its environment, secrets where secrets are kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from mech_infra import catalogue
from mech_infra.commands import passwords
from mech_infra.config import environment
from mech_infra.config.secrets import KEYS
from mech_infra.config.types import is_placeholder
from mech_ops import stack_config
from mech_ops.errors import OpsError
from mech_ops.everyday import platform
from mech_ops.versions import definition, rollback
from mech_ops.versions.definition import Unreadable

# What the program sets itself, from the rest of the config.
_GIVEN = {
    "SERVICE_NAME": "the service's own name",
    "PORT": "mech:services.NAME.port",
    "REDIS_URL": "the secret REDIS_PASSWORD",
    "MONGODB_URI": "the secret MONGODB_PASSWORD",
}
_LONGEST = 32_768  # characters of a value
_PASSWORDS = {"redis": "REDIS_PASSWORD", "mongodb": "MONGODB_PASSWORD"}


@dataclass(frozen=True)
class Place:
    """Where the value of a key goes."""

    name: str  # of the service or database
    key: str
    secret: bool

    @property
    def config_key(self) -> str:
        if self.key in KEYS:
            return f"mech:{self.key}"
        room = f"{environment.SECRETS}.{self.name}" if self.secret else f"services.{self.name}.environment"
        return f"mech:{room}.{self.key}"


def place(name: str, key: str, secret: bool) -> Place:
    """Raises OpsError for a key that has no place; no value was asked for yet."""
    name = platform.known(name)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", key):
        raise OpsError(f"{key!r} is no name of a setting; write letters, digits and _, as LOG_LEVEL")
    own = _PASSWORDS.get(name)
    if own or key in _PASSWORDS.values():
        if key != own:
            whose = next((store for store, one in _PASSWORDS.items() if one == key), name)
            raise OpsError(
                f"{key} is no setting of {name}; the one of {whose} is {_PASSWORDS[whose]}, what else it has is "
                f"mech:datastores.{whose} in the stack's file"
            )
        return Place(name, key, secret=True)
    if key in _GIVEN:
        raise OpsError(f"{key} is set by the program, from {_GIVEN[key].replace('NAME', name)}; change that")
    if key in catalogue.SECRETS:
        users = [service.name for service in catalogue.SERVICES.values() if key in service.secrets]
        if name not in users:
            raise OpsError(f"{key} is a secret of {', '.join(users)}, and {name} does not get it")
        return Place(name, key, secret=True)
    return Place(name, key, secret=secret or environment.sounds_secret(key))


def given(stream: BinaryIO) -> str:
    """The value that comes by standard input, without the end of its line. Raises OpsError."""
    try:
        value = stream.read(_LONGEST + 1).decode()
    except UnicodeDecodeError:
        raise OpsError("what came by standard input is no text (UTF-8), and nothing was changed") from None
    if len(value) > _LONGEST:
        raise OpsError(f"more than {_LONGEST} characters came by standard input, and nothing was changed")
    return value.removesuffix("\n").removesuffix("\r")


def put(stack: str | None, where: Place, value: str, say: Callable[[str], None]) -> None:
    """Set it in the config; `say` hears what was done. Raises OpsError, without the value."""
    value = _checked(where, value)
    if where.secret:
        stack_config.keep_secret(stack, where.config_key, value)
        say(f"{where.config_key}: set, encrypted in the stack's config")
    else:
        _change(stack, where, value, say)


def take(stack: str | None, where: Place, say: Callable[[str], None]) -> None:
    """Remove it from the config. Raises OpsError."""
    if where.key in catalogue.SECRETS:
        raise OpsError(
            f"{where.name} cannot work without {where.key}; set another one: mech env set {where.name} {where.key}"
        )
    if where.secret and where.key not in KEYS:
        stack_config.apply(stack, [rollback.Change(where.config_key, None, None)], "nothing was changed")
        say(f"{where.config_key}: not set any more")
        return
    if where.secret:
        raise OpsError(
            f"without {where.key} {where.name} asks nobody for a password; if that is meant: "
            f"pulumi config rm {where.config_key} (docs/production.md, 8)"
        )
    _change(stack, where, None, say)


def _checked(where: Place, value: str) -> str:
    if not value:
        raise OpsError("no value came by standard input or the prompt, and nothing was changed")
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise OpsError(f"the value for {where.key} has a line break or a control character, and nothing was changed")
    known = catalogue.SECRETS.get(where.key)
    if known and (is_placeholder(value) or not re.fullmatch(known.pattern, value)):
        raise OpsError(f"that is no {where.key}: it looks like {known.looks_like}; nothing was changed")
    if where.secret and not known and (mistake := passwords.mistake(value)):
        raise OpsError(f"{where.key} {mistake}; nothing was changed")
    if not where.secret and environment.looks_secret(value):
        raise OpsError(
            f"nothing was changed: the value looks like a key or has a password, and an environment stands in plain text in the "
            f"stack's file, plan, state and history; keep it as a secret: mech env set --secret {where.name} {where.key}"
        )
    return value


def _change(stack: str | None, where: Place, value: str | None, say: Callable[[str], None]) -> None:
    config = stack_config.current(stack)
    try:
        services = definition.section(config, "services")
        mine = definition.settings(config, where.name)
    except Unreadable as error:
        raise OpsError(f"{error}; nothing was changed") from None
    before: dict[str, Any] = dict(mine.get("environment") or {})
    after = {key: old for key, old in before.items() if key != where.key}
    if value is not None:
        after[where.key] = value
    elif where.key not in before:
        raise OpsError(f"{where.config_key} is not set, and nothing was changed")
    wanted = {**mine, "environment": after}
    if not after:
        del wanted["environment"]
    changes = rollback.compared(where.name, mine, wanted, alone=set(services) <= {where.name})
    if not changes:
        say(f"{where.config_key} is that already")
        return
    stack_config.apply(stack, changes, "nothing was changed")
    say(str(rollback.Change(where.config_key, before.get(where.key), value)))
