"""Backups from the host, and their proofs: a program and two timers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from mech_infra.commands import backup as commands
from mech_infra.components import limits
from mech_infra.components.host import Host
from mech_infra.config import backup as config_
from mech_infra.config.backup import BackupConfig
from mech_infra.config.workloads import DatastoresConfig
from mech_infra.facts.host import backups, files, units


@dataclass(frozen=True)
class BackupsArgs:
    """What is saved, where to, and how old it may get."""

    config: BackupConfig
    datastores: DatastoresConfig
    name: str  # of the host, which all snapshots bear
    account: str | None  # Cloudflare's, for R2
    secrets: Mapping[str, str]
    host: Host
    after: Sequence[pulumi.Resource]  # before all of this is there, there is nothing to save


class Backups(pulumi.ComponentResource):
    """What saves the databases, and proves it (mech_infra.backup); declared only where mech:backup.enabled says so.

    Declares: the program with what it is told, password and keys, two services and their timers, and that they go when this
    does; Debian's restic. The repository and its snapshots are not declared, and stay.
    Reads: package and timers; program, units and files; how old the last good snapshot is, and the last proof.
    Promises: password and keys stand in files of root's alone; nothing is ever deleted in the repository.
    """

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:Backups", name, None, opts)
        config, host, stores = args.config, args.host, args.datastores
        settings = commands.config(
            config_.where(config, args.account),
            args.name,
            stores.images,
            {"redis": stores.redis.memory_mb, "mongodb": stores.mongodb.memory_mb},
            config.every_hours,
            config.rpo_hours,
            config.protection,
            config.keep.model_dump(),
            config.read_mb_per_second,
            config.only_restore,
        )
        written = commands.units(config.every_hours, config.prove_at)
        known = (config_.PASSWORD, config_.ACCESS_KEY, config_.SECRET_KEY)
        hidden = commands.secrets(*(args.secrets.get(key, "") for key in known))
        repair = host.access.sense(
            f"{name}-state",
            "backups",
            [
                units.Package(commands.PACKAGE),
                *(units.Unit(timer) for timer in (commands.TIMER, commands.PROOF_TIMER) if not config.only_restore),
                files.File(commands.PROGRAM, "755", hashlib.sha256(commands.program()).hexdigest()),
                files.file(commands.CONFIG_FILE, settings, "600"),
                *(files.file(path, text, "600") for path, text in hidden.items()),
                *(files.file(path, text) for path, text in written.items()),
                *([] if config.only_restore else [backups.Fresh(config.rpo_hours)]),
            ],
            watches=[] if config.only_restore else [backups.Unproved()],
            secret=True,
            parent=self,
        )
        installed = host.access.run(
            f"{name}-install",
            commands.install(settings, config.every_hours, config.prove_at, config.only_restore),
            stdin=pulumi.Output.secret(commands.handed(hidden)),
            parent=self,
            triggers=[host.instance.id, repair],
            after=args.after,
            limit_s=limits.PACKAGES_LIMIT_S,
        )
        host.access.undo(f"{name}-removal", commands.remove(), parent=self, made=installed)
        self.register_outputs({"every_hours": config.every_hours})
