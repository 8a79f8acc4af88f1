"""The config of a stack as the Pulumi CLI has it: read without secrets, changed key by key, told to `pulumi up`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from mech_ops import backend, pulumi
from mech_ops.errors import OpsError
from mech_ops.versions.rollback import Change

_LIMIT_S = 60


def current(stack: str | None) -> dict[str, Any]:
    """As `pulumi config --json` gives it; secrets without their values. Raises OpsError."""
    return dict(answer(pulumi.plain_config_command(stack)))


def apply(stack: str | None, changes: Sequence[Change], undone: str) -> None:
    """Make them, one by one; `undone` ends the sentence where one fails. Raises OpsError."""
    for change in changes:
        command = pulumi.set_command if change.after is not None else pulumi.remove_command
        done = pulumi.attempt(command(stack, change.key, change.after), _LIMIT_S)
        if done.returncode:
            said = (pulumi.words(done.stderr) or ["it gave no reason"])[-1]
            raise OpsError(f"{change.key} could not be changed, and {undone}; run it again when this is mended: {said}")


def keep_secret(stack: str | None, key: str, value: str) -> None:
    """Encrypt it into the config; the CLI takes the value from its input. Raises OpsError."""
    pulumi.run(pulumi.secret_command(stack, key), value)


def answer(argv: list[str]) -> Any:
    """What the CLI says, in JSON; [] where it says in words that there is nothing. Raises OpsError."""
    done = pulumi.attempt(argv, _LIMIT_S)
    if done.returncode:
        said = (pulumi.words(done.stderr) or ["it gave no reason"])[-1]
        raise OpsError(f"`{' '.join(argv)}` failed: {said}")
    try:
        # Of a stack without updates the CLI says so in words.
        return json.loads(done.stdout) if done.stdout.lstrip()[:1] in ("[", "{") else []
    except ValueError:
        raise OpsError(f"`{' '.join(argv)}` did not answer in JSON") from None


def nobody_at_work(stack: str | None) -> None:
    """Raises OpsError while another `pulumi` works on this stack."""
    name = stack and stack.rpartition("/")[2]
    held = [lock for lock in backend.locks(os.environ.get("PULUMI_BACKEND_URL")) if name in (None, lock.parent.name)]
    if any(not backend.stale(lock) for lock in held):
        raise OpsError(
            "another `pulumi` is at work on this stack, and nothing was changed; wait for it, or mech recover --force "
            "if you know it is dead"
        )
