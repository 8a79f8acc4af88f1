"""The stack as the Pulumi CLI has it: where its state lives, whether it is there, whether its secrets can be read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mech_infra.config import PlatformConfig, examine, stack_file
from mech_ops import backend, pulumi
from mech_ops.errors import OpsError
from mech_ops.preflight.checks import Check, NotLooked, Subject, Wrong
from mech_ops.project import project

_LIMIT_S = 20
_PASSPHRASE = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
# Stands for a secret that cannot be read here: it is set, and that is all we know. It has the form of each: an address, too.
_UNREAD = "unread://secret"


class Stack:
    """One stack; `backend`, `exists` and `secrets` look, in this order, and `platform` is known after them."""

    def __init__(self, name: str | None, root: Path | None = None) -> None:
        """`name` None: the selected one. Raises OpsError where none is."""
        self._root = root or project()
        self.name = name or self._selected()
        self._short = self.name.rpartition("/")[2]  # without the organization and project that Pulumi Cloud adds
        self.file = self._root / f"Pulumi.{self._short}.yaml"
        self.running = False  # it has resources
        self._there: bool | None = None
        self._read: Mapping[str, tuple[str, bool]] | None = None  # value and secretness, decrypted, by key

    def subject(self) -> Subject:
        return Subject(
            "Stack",
            [
                Check("state backend", self.backend, needed=True),
                Check(f"stack {self.name}", self.exists, needed=True),
                Check("passphrase", self.secrets, needed=True),
            ],
        )

    def backend(self) -> str:
        place = os.environ.get("PULUMI_BACKEND_URL", "")
        shown = re.sub(r"//[^/@]*@", "//", place) or "the one of `pulumi login`"
        folder = backend.folder(place)
        empty = folder and folder.parent.is_dir() and not folder.exists()
        # The CLI would leave its version note in an empty folder.
        listed = [] if empty else self._stacks(place, shown)
        found = next((s for s in listed if s.get("name", "").rpartition("/")[2] == self._short), None)
        self._there, self.running = found is not None, bool((found or {}).get("resourceCount"))
        if folder and not os.access(folder if folder.exists() else folder.parent, os.W_OK):
            raise Wrong(f"the state backend's folder {folder.parent} cannot be written; correct its owner or mode")
        return shown

    def _stacks(self, place: str, shown: str) -> list[dict[str, Any]]:
        done = self._pulumi(pulumi.stacks_command())
        if done.returncode:
            said = (pulumi.words(done.stderr) or ["it gave no reason"])[-1]
            raise Wrong(_backend_sentence(shown, said.replace(place, shown) if place else said))
        try:
            found: list[dict[str, Any]] = json.loads(done.stdout)
        except ValueError:
            raise NotLooked("`pulumi stack ls` did not answer in JSON") from None
        return found

    def exists(self) -> str:
        return "exists" if self._there else f"will be created: pulumi stack init {self.name}"

    def secrets(self) -> str:
        """Whether what is encrypted can be read. Raises Wrong, NotLooked."""
        if self._there:
            done = self._pulumi(pulumi.config_command(self.name))
        else:
            if not self._file().salted:
                raise NotLooked(
                    f"{self.file.name} is not encrypted yet: pulumi stack init {self.name} asks for a passphrase"
                )
            done = self._rehearsed()
        if done.returncode:
            raise Wrong(_passphrase_sentence(self.file.name, (pulumi.words(done.stderr) or ["no reason given"])[-1]))
        try:
            self._read = {k: (v.get("value", ""), bool(v.get("secret"))) for k, v in json.loads(done.stdout).items()}
        except (ValueError, AttributeError):
            raise NotLooked("`pulumi config` did not answer in JSON") from None
        count = sum(secret for _, secret in self._read.values())
        if not count:
            raise NotLooked("there is no secret yet to try it on")
        return f"right: {count} secrets can be read"

    def config(self) -> str:
        """Whether the program takes the config. Raises Wrong with every mistake, NotLooked for what is still encrypted."""
        _, _, mistakes = self._examined()
        if mistakes:
            raise Wrong(*mistakes)
        if self._read is None and (encrypted := self._file().encrypted):
            raise NotLooked(
                f"{len(encrypted)} values are encrypted, and cannot be read (see: passphrase); the rest is right"
            )
        return "the program takes it"

    def platform(self) -> tuple[PlatformConfig | None, Mapping[str, str]]:
        """What is configured, as far as it can be read: None where it is wrong, and the secrets that were read."""
        try:
            platform, secrets, _ = self._examined()
        except Wrong:
            return None, {}
        return platform, {key: value for key, value in secrets.items() if value != _UNREAD}

    def _examined(self) -> tuple[PlatformConfig | None, dict[str, str], list[str]]:
        if self._read is not None:
            values, secret = {k: v for k, (v, _) in self._read.items()}, [k for k, (_, s) in self._read.items() if s]
            return examine(values, secret, stack_file.plain(self.file, values, secret))
        file = self._file()
        values = {**file.values, **dict.fromkeys(file.encrypted, _UNREAD)}
        return examine(values, [*file.encrypted, *file.partly], file.plain)

    def _file(self) -> stack_file.StackFile:
        try:
            return stack_file.read(self.file)
        except stack_file.StackFileError as error:
            raise Wrong(str(error)) from None

    def _rehearsed(self) -> subprocess.CompletedProcess[str]:
        """The same stack in a backend of our own that is thrown away: the CLI tries the passphrase, nothing is made."""
        with tempfile.TemporaryDirectory(prefix="mech-preflight-") as place:
            folder = Path(place)
            (folder / "state").mkdir()
            for file in (self._root / "Pulumi.yaml", self.file):
                shutil.copy(file, folder)
            environment = {**os.environ, "PULUMI_BACKEND_URL": f"file://{folder / 'state'}"}
            made = pulumi.attempt(pulumi.init_command(self._short), _LIMIT_S / 2, environment, folder)
            if made.returncode:
                return made
            return pulumi.attempt(pulumi.config_command(self._short), _LIMIT_S / 2, environment, folder)

    def _selected(self) -> str:
        done = self._pulumi(pulumi.selected_command())
        if done.returncode or not done.stdout.strip():
            raise OpsError("no stack is selected; name one: mech preflight --stack prod")
        return done.stdout.strip()

    def _pulumi(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        return pulumi.attempt(argv, _LIMIT_S, folder=self._root)


def _backend_sentence(shown: str, said: str) -> str:
    if "PULUMI_ACCESS_TOKEN must be set" in said:
        return (
            "pulumi is not logged in, so that it has no place for the state; run: pulumi login s3://BUCKET (or another)"
        )
    if "unable to open state directory" in said and "no such file" in said:
        return f"the state backend's folder {shown} is not there; make it, or correct PULUMI_BACKEND_URL"
    if "permission denied" in said:
        return f"the state backend's folder {shown} cannot be read; correct its owner or mode"
    return f"the state backend ({shown}) cannot be reached: {said}; correct its address, the network or its credentials"


def _passphrase_sentence(file: str, said: str) -> str:
    given = next((name for name in _PASSPHRASE if os.environ.get(name)), _PASSPHRASE[0])
    if "incorrect passphrase" in said:
        return f"the passphrase in {given} is not the one that {file} is encrypted with; export the right one"
    if "passphrase must be set" in said:
        return f"the passphrase of {file} is not set; export {' or '.join(_PASSPHRASE)}"
    if "unable to read PULUMI_CONFIG_PASSPHRASE_FILE" in said:
        return f"the file that {_PASSPHRASE[1]} names cannot be read; correct the path or its mode"
    return f"the secrets of {file} cannot be read: {said}; correct the secrets provider's access"
