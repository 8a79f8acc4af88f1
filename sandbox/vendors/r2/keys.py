"""Who may do what: R2's API tokens as S3 keys, each Object Read & Write for the one bucket that it is scoped to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.cloud.cloudflare.buckets import BACKUP, SERVICES

# The credentials' names: the services' own, the host's for its backups, and that of whoever does the retention.
_SCOPES = {"r2": SERVICES, "r2_backup": BACKUP, "r2_retention": BACKUP}


@dataclass(frozen=True)
class Key:
    """An R2 token: its id, the SHA-256 of its value, and its bucket."""

    access: str
    secret: str
    bucket: str


def keys(values: Mapping[str, str]) -> list[Key]:
    """The account's tokens, from the sandbox's credentials."""
    return [
        Key(values.get(f"{name}_access_key", ""), values.get(f"{name}_secret_key", ""), bucket)
        for name, bucket in _SCOPES.items()
    ]
