"""Retention: old snapshots are forgotten from here, with a key that may delete, since the host's may not."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping

import pydantic

from mech_infra.backup import restic
from mech_infra.backup.words import Failed
from mech_infra.config import backup as config_
from mech_infra.config.backup import BackupConfig
from mech_infra.config.types import NAMESPACE
from mech_ops import pulumi, stack_config
from mech_ops.backup import command
from mech_ops.backup.command import Asked
from mech_ops.errors import FAILED, OpsError
from mech_ops.versions import definition

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
PREFIX = (
    "BACKUP_RETENTION_"  # of the variables that have the key which may delete; the state's bucket has the plain ones
)


def retain(stack: str | None, step: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> Asked:
    """A repository in a store is reached from here, one in a folder on the host. Raises OpsError."""
    whole = stack_config.current(stack)
    try:
        told = BackupConfig.model_validate(definition.section(whole, "backup"))
        account = definition.section(whole, "edge").get("accountId")
    except (definition.Unreadable, pydantic.ValidationError):
        raise OpsError("mech:backup of the stack's config is wrong; mech policy check says how") from None
    if not told.repository:
        raise OpsError(
            "this stack has no backups: set mech:backup.enabled and mech:backup.repository (docs/backups.md)"
        )
    if told.is_folder:
        return command.ask(stack, ["retain"], step)
    if shutil.which(restic.PROGRAM) is None:
        raise OpsError("restic is not installed here: apt install restic")
    there = restic.repository(config_.where(told, account), _env(stack, environ))
    step("snapshots that are too old are forgotten")
    try:
        there.unlock()
        forgotten = there.retain(told.keep.model_dump())
        return Asked(0, {"forgotten": forgotten, "left": len(there.snapshots())})
    except Failed as why:
        return Asked(FAILED, {}, why.code, why.says)


def _env(stack: str | None, environ: Mapping[str, str]) -> dict[str, str]:
    """restic's environment: the key from here, the password from the stack. Raises OpsError."""
    missing = [
        PREFIX + name.removeprefix("AWS_") for name in KEYS if not environ.get(PREFIX + name.removeprefix("AWS_"))
    ]
    if missing:
        raise OpsError(
            f"{' and '.join(missing)} must be a key of the store that may delete; set them in the environment"
        )
    known = json.loads(pulumi.run(pulumi.config_command(stack))).get(f"{NAMESPACE}:{config_.PASSWORD}") or {}
    if "value" not in known:
        raise OpsError(f"{NAMESPACE}:{config_.PASSWORD} is not set in this stack's config")
    return {"RESTIC_PASSWORD": known["value"], **{name: environ[PREFIX + name.removeprefix("AWS_")] for name in KEYS}}
