"""The stack of an exercise: its own state, passphrase and config, in a folder of this machine that goes with it."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mech_infra.config.alerts import DESTINATIONS
from mech_infra.packing import ROOT
from mech_ops import kept, pulumi, stack_config
from mech_ops.errors import OpsError

Json = dict[str, Any]
NAME = re.compile(r"drill-[0-9a-f]{8}")
_PARTS = ("Pulumi.yaml", "__main__.py", "mech_infra")
# What watches or heals a stack that lives for some minutes would only tell people of it.
_LEFT_OUT = ("mech:alerts", "mech:heal", "mech:incident", "mech:allow", f"mech:{DESTINATIONS}")
_PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_BACKEND_URL")


@dataclass(frozen=True)
class Place:
    """`name` is the stack's, and of all that it has at Vultr."""

    name: str
    folder: Path

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Whatever asks the engine meanwhile asks this stack's, by its own state and passphrase."""
        before = {key: os.environ.get(key) for key in _PASSPHRASES}
        os.environ.pop(_PASSPHRASES[0], None)
        os.environ |= {
            "PULUMI_BACKEND_URL": self.backend, "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.folder / "passphrase"),
        }  # fmt: skip
        try:
            with contextlib.chdir(self.folder):
                yield
        finally:
            for key, value in before.items():
                os.environ.pop(key, None)
                if value is not None:
                    os.environ[key] = value

    @property
    def backend(self) -> str:
        return f"file://{self.folder}/state"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """By whoever works with it; a process that dies lets go. Raises BlockingIOError where somebody does."""
        with (self.folder / "held").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    def forget(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def room() -> Path:
    return kept.place("drills")


def known() -> list[Place]:
    """Those that this machine has, the oldest first."""
    found = [path for path in room().glob("drill-*") if NAME.fullmatch(path.name)]
    return [Place(path.name, path) for path in sorted(found, key=lambda path: path.stat().st_mtime)]


def fresh_name() -> str:
    return f"drill-{secrets.token_hex(4)}"


def new(name: str) -> Place:
    """An empty one. Raises OpsError."""
    place = Place(name, room() / name)
    try:
        (place.folder / "state").mkdir(mode=0o700, parents=True)
        place.folder.chmod(0o700)
        with (place.folder / "passphrase").open("x") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(secrets.token_urlsafe(32) + "\n")
        for part in _PARTS:
            (place.folder / part).symlink_to(ROOT / part)
        (place.folder / ".venv").symlink_to(sys.prefix)
    except OSError as error:
        raise OpsError(f"nothing was begun: {error.filename} cannot be written: {error.strerror}") from None
    return place


def whole(stack: str | None) -> Json:
    """The config of the stack as the CLI gives it, with its secrets. Raises OpsError."""
    return dict(stack_config.answer(pulumi.config_command(stack)))


def drilled(config: Json, name: str) -> tuple[Json, dict[str, str]]:
    """(plain values by key, secret ones by path) of the exercise, out of the stack's config.

    Another name for all that it has at Vultr, so another data volume; no record and no setting of the zone; a repository that is
    read and never added to; nobody who is told; one host, also of a fleet.
    """
    plain: Json = {}
    hidden: dict[str, str] = {}
    for key, about in config.items():
        if key in _LEFT_OUT:
            continue
        value = copy.deepcopy(about["objectValue"]) if "objectValue" in about else about["value"]
        if about.get("secret"):
            hidden |= _leaves(key, value)
        else:
            plain[key] = value
    plain["mech:host"] = {**_object(plain, "host"), "hostname": name, "protect": False}
    edge = {key: value for key, value in _object(plain, "edge").items() if key != "blocked"}
    # What strict needs is made at Cloudflare; the same way without it is full.
    encrypted = edge.get("ssl") in ("full", "strict")
    plain["mech:edge"] = {**edge, "enabled": False, **({"ssl": "full"} if encrypted else {})}
    plain["mech:certificate"] = {"source": "self-signed"}
    # On one host, whatever the stack has: a task of each service is enough to be asked.
    if plain.pop("mech:fleet", None):
        services = _object(plain, "services")
        plain["mech:services"] = {
            name: {key: value for key, value in about.items() if key != "replicas"} for name, about in services.items()
        }
    plain["mech:backup"] = {**_object(plain, "backup"), "onlyRestore": True}
    return plain, hidden


def make(place: Place, plain: Json, hidden: Mapping[str, str]) -> None:
    """The stack, with its config; inside `entered`. Raises OpsError."""
    (place.folder / f"Pulumi.{place.name}.yaml").write_text(yaml.safe_dump({"config": plain}))
    pulumi.run(pulumi.init_command(place.name))
    for path, value in hidden.items():
        stack_config.keep_secret(place.name, path, value)


def _object(plain: Json, section: str) -> Json:
    found = plain.get(f"mech:{section}")
    return dict(found) if isinstance(found, dict) else {}


def _leaves(path: str, value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {leaf: text for key, inner in value.items() for leaf, text in _leaves(f"{path}.{key}", inner).items()}
    return {path: str(value)}
