"""The secrets a sandbox hands out: API tokens of its clouds and keys of the services' vendors."""

from __future__ import annotations

import fcntl
import json
import secrets
import string

from .pki import write_atomic
from .settings import Settings

# Fixed and public on purpose: they open nothing but a sandbox, and the sandbox stack's config carries them.
VENDOR_KEYS = {
    "openai_api_key": "sk-proj-mechsandbox0000000000000000000000000000000001",
    "anthropic_api_key": "sk-ant-api03-mechsandbox000000000000000000000001",
    "github_token": "ghp_mechsandbox0000000000000000000000001",
    "r2_access_key": "6d656368000000000000000000000001",
    "r2_secret_key": "6d65636873616e64626f78000000000000000000000000000000000000000001",
    "r2_backup_access_key": "6d656368000000000000000000000002",
    "r2_backup_secret_key": "6d65636873616e64626f78000000000000000000000000000000000000000002",
    "r2_retention_access_key": "6d656368000000000000000000000003",
    "r2_retention_secret_key": "6d65636873616e64626f78000000000000000000000000000000000000000003",
}


def ensure(settings: Settings, given: dict[str, str] | None = None) -> dict[str, str]:
    """All credentials; missing ones are made, those in `given` replace what is stored.

    Kept in settings.credentials, mode 0600. Raises ValueError for a name that does not exist or an empty value.
    """
    given = given or {}
    settings.state.mkdir(parents=True, exist_ok=True)
    with (settings.state / ".credentials.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stored = _stored(settings)
        values = {**_fresh(), **stored, **given}
        unknown = set(given) - set(_fresh())
        if unknown:
            raise ValueError(f"unknown credential {', '.join(sorted(unknown))}; known: {', '.join(sorted(_fresh()))}")
        empty = [name for name, value in values.items() if not value]
        if empty:
            raise ValueError(f"credential {', '.join(sorted(empty))} is empty; leave it out to get one made")
        if values != stored:
            text = json.dumps(values, indent=2, sort_keys=True) + "\n"
            write_atomic(settings.credentials, text.encode(), 0o600)
    return values


def load(settings: Settings) -> dict[str, str]:
    """The stored credentials, without making any. Raises FileNotFoundError before the first `ensure`."""
    if not settings.credentials.exists():
        raise FileNotFoundError(f"{settings.credentials} does not exist: start the sandbox first (`make up`)")
    return _stored(settings)


def _stored(settings: Settings) -> dict[str, str]:
    if not settings.credentials.exists():
        return {}
    try:
        values = json.loads(settings.credentials.read_text())
    except ValueError as error:
        raise ValueError(f"{settings.credentials} is not JSON ({error}); remove it to get new credentials") from error
    return {str(name): str(value) for name, value in values.items()}


def _fresh() -> dict[str, str]:
    upper = string.ascii_uppercase + string.digits
    alphanumeric = string.ascii_letters + string.digits
    return {
        "vultr_api_key": "".join(secrets.choice(upper) for _ in range(36)),
        "cloudflare_api_token": "".join(secrets.choice(alphanumeric) for _ in range(40)),
        "cloudflare_account_id": secrets.token_hex(16),
        **VENDOR_KEYS,
    }
