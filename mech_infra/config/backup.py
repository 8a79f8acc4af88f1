"""Config of the backups. Keys of the store and the password are secrets of the stack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field, field_validator

from mech_infra.commands.volume import DATA
from mech_infra.config.types import NAMESPACE, Section, is_placeholder, shown, wrong

PASSWORD, ACCESS_KEY, SECRET_KEY = "BACKUP_PASSWORD", "BACKUP_ACCESS_KEY", "BACKUP_SECRET_KEY"
SHORTEST = 16  # characters of a password
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_PREFIX = r"(/[A-Za-z0-9._-]+)*"
_R2 = re.compile(rf"r2:(?P<place>{_BUCKET}{_PREFIX})")
_S3 = re.compile(rf"s3:https://[a-z0-9.-]+(:\d+)?/{_BUCKET}{_PREFIX}")
_FOLDER = re.compile(r"(/[A-Za-z0-9._-]+)+")
_SYSTEM = ("/", "/etc", "/usr", "/proc", "/sys", "/dev", "/run", "/tmp", "/boot", "/bin", "/sbin", "/lib")  # noqa: S108
_STATE = "/var/lib/mech-backup"  # of what is being packed


class KeepConfig(Section):
    """Which snapshots stay when retention runs (`mech backup retain`), which the host's own key may not do."""

    all_days: int = Field(
        14,
        description="for so many days every snapshot stays",
        examples=[30],
        ge=1,
        le=366,
        json_schema_extra=wrong(
            "Shorter than a lock on the store's objects: retention fails at a snapshot that is locked. Short: what was deleted by "
            "mistake two weeks ago is in few snapshots",
            0,
            "week",
        ),
    )
    weekly: int = Field(
        5,
        description="for so many weeks the last snapshot of each stays",
        examples=[8],
        ge=0,
        le=520,
        json_schema_extra=wrong("0, and monthly 0: the oldest snapshot is as old as allDays says", -1),
    )
    monthly: int = Field(
        12,
        description="the same for months",
        examples=[24],
        ge=0,
        le=240,
        json_schema_extra=wrong("Many: what is stored grows, and what was to be forgotten stays that long", -1),
    )


class BackupConfig(Section):
    """Backups of databases, .env files and certificates, each proved by restoring it (docs/backups.md)."""

    enabled: bool = Field(
        False,
        description="whether timers on the host back up (`mech-backup.timer`) and prove (`mech-backup-proof.timer`)",
        examples=[True],
        json_schema_extra=wrong(
            "false: nothing is backed up, and what is lost with the data volume is lost. true without a repository or its secrets "
            "is refused",
            "prod",
        ),
    )
    repository: str | None = Field(
        None,
        description="where restic keeps the snapshots: `r2:BUCKET/PREFIX` (of mech:edge.accountId), `s3:https://HOST/BUCKET/PREFIX`, "
        "or a folder of the host's, as /mnt/backup",
        examples=["r2:mech-backup/prod"],
        json_schema_extra=wrong(
            "Another one begins empty: the snapshots before are in the former one. A folder on the data volume is lost with what "
            "it is to save, and refused (sameVolume); one on the host's disk is lost with the host",
            "mech-backup",
            "http://mech.example/backup",
            "s3:http://mech.example/backup",
            "/etc",
            "s3:https://KEY:SECRET@mech.example/backup",
            "/opt/mech-services/shared/data/backup",
            form="`r2:BUCKET/PREFIX`, `s3:https://HOST/BUCKET/PREFIX` or an absolute path",
        ),
    )
    only_restore: bool = Field(
        False,
        description="whether this host reads the repository and never adds to it: no timers, and `mech backup now` is refused",
        examples=[True],
        json_schema_extra=wrong(
            "true: nothing of this host is backed up; it is for one beside another (`mech drill`)", "prod"
        ),
    )
    same_volume: bool = Field(
        False,
        description="that a folder on the data volume is meant, for somebody who copies it away",
        examples=[True],
        json_schema_extra=wrong("true: one broken volume takes data and backups", "yes, please"),
    )
    every_hours: int = Field(
        6,
        description="hours between two backups",
        examples=[1],
        ge=1,
        le=24,
        json_schema_extra=wrong(
            "Longer: so much more is lost at worst. Longer than rpoHours is refused. Shorter: a backup is some minutes of work "
            "a GB, most of it at the lowest priority",
            0,
            "6h",
        ),
    )
    rpo_hours: int = Field(
        24,
        description="how much may be lost at most, in hours: with an older last snapshot than that the stack drifts, and alerts say so",
        examples=[8],
        ge=1,
        le=720,
        json_schema_extra=wrong("Shorter than everyHours is refused, since it would be late before each backup", 0, 3),
    )
    rto_minutes: int = Field(
        60,
        description="how long it may take until all is back after the host is lost, in minutes; `mech drill` measures it",
        examples=[30],
        ge=1,
        le=10_080,
        json_schema_extra=wrong("Shorter than it takes: each drill says so", 0, "1h"),
    )
    prove_at: str = Field(
        "03:30",
        description="when in the night (the host's clock, UTC) the newest snapshot is restored into containers of its own and compared",
        examples=["02:15"],
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        json_schema_extra=wrong(
            "In busy hours: it needs memory and half a core for some minutes", "3:30", "24:00", "night", form="`HH:MM`"
        ),
    )
    read_mb_per_second: int = Field(
        20,
        description="how fast MongoDB is read for a backup and in a proof, in MiB a second: mongodump stops asking while nobody takes "
        "what it has",
        examples=[50],
        ge=1,
        le=10_000,
        json_schema_extra=wrong(
            "Small: a backup takes long (a GB: 50 s at 20, 17 min at 1), and one whose dump takes longer than 4 h is ended. Large: "
            "while it is read, MongoDB has a core less for those who ask it",
            0,
            "20M",
        ),
    )
    protection: Literal["none", "key", "lock"] = Field(
        "none",
        description="what keeps who has the host's key from deleting snapshots: a `key` of the store's that may add and not delete, a "
        "`lock` on the bucket's objects, or `none`",
        examples=["lock"],
        json_schema_extra=wrong(
            "Who takes over the host takes data and backups with none; the policies say so. What is written here is not "
            "looked at: set it up at the store (docs/backups.md)",
            "yes",
        ),
    )
    keep: KeepConfig = KeepConfig()

    @field_validator("repository")
    @classmethod
    def _is_one(cls, value: str | None) -> str | None:
        if value is None or _R2.fullmatch(value) or _S3.fullmatch(value):
            return value
        if _FOLDER.fullmatch(value) and value not in _SYSTEM and ".." not in value.split("/"):
            if value.startswith((_STATE, "/proc/", "/sys/", "/dev/", "/run/", "/tmp/")):  # noqa: S108
                raise ValueError(f"{value!r} is no place to keep anything in; write another folder")
            return value
        if value in _SYSTEM:
            raise ValueError(f"{value!r} is the system's own; write a folder below it, as /mnt/backup")
        if "@" in value:
            raise ValueError(
                "it has a key or password in it; take that out, and set mech:BACKUP_ACCESS_KEY and mech:BACKUP_SECRET_KEY"
            )
        raise ValueError(
            f"{shown(value)} is no repository; write r2:BUCKET/PREFIX, s3:https://HOST/BUCKET/PREFIX or an absolute path"
        )

    @property
    def is_folder(self) -> bool:
        return (self.repository or "").startswith("/")


def where(config: BackupConfig, account: str | None) -> str:
    """The repository as restic has it; `account` is Cloudflare's."""
    named = config.repository or ""
    match = _R2.fullmatch(named)
    return f"s3:https://{account}.r2.cloudflarestorage.com/{match['place']}" if match else named


def mistakes(config: BackupConfig, account: str | None, secrets: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each: what only several keys together make wrong."""
    key = f"{NAMESPACE}:backup"
    if config.every_hours > config.rpo_hours:
        yield (
            f"{key}.everyHours: {config.every_hours} is longer than {key}.rpoHours {config.rpo_hours}, so that each backup is late; "
            "make it shorter, or rpoHours longer"
        )
    named = config.repository or ""
    if f"{named}/".startswith(f"{DATA}/") and not config.same_volume:
        yield (
            f"{key}.repository: {named} is on the data volume, and is lost with it; write another place, or, where somebody copies it "
            f"away, say so: {key}.sameVolume true"
        )
    if _R2.fullmatch(named) and not account:
        yield (
            f"{key}.repository: {named} needs {NAMESPACE}:edge.accountId, by which R2 is reached; write the id that the zone's "
            "overview page has"
        )
    yield from _secrets(config, secrets)
    if config.enabled and not named:
        yield f"{key}.enabled is true, and there is no {key}.repository; write one, or set enabled to false"


def _secrets(config: BackupConfig, secrets: Mapping[str, str]) -> Iterator[str]:
    wanted = [PASSWORD, *([] if config.is_folder else [ACCESS_KEY, SECRET_KEY])] if config.enabled else []
    for name in (PASSWORD, ACCESS_KEY, SECRET_KEY):
        how = f"set it: pulumi config set --secret {NAMESPACE}:{name}"
        value = secrets.get(name)
        if value is None:
            if name in wanted:
                yield f"{NAMESPACE}:backup.enabled is true, and {NAMESPACE}:{name} is missing; {how}"
        elif is_placeholder(value) or re.search(r"[\x00-\x1f\x7f]", value):
            yield f"{NAMESPACE}:{name} is empty, a placeholder or has a control character in it; {how}"
        elif name == PASSWORD and len(value) < SHORTEST:
            yield f"{NAMESPACE}:{name} is shorter than {SHORTEST} characters, which can be guessed; {how}"
