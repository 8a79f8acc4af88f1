"""Backups on the host: their program, timers and secrets, put there and taken away again. Snapshots and repository stay."""

from __future__ import annotations

import base64
import bz2
import functools
import json
from collections.abc import Mapping

from mech_infra import catalogue, packing
from mech_infra.backup.settings import CONFIG, ENVIRONMENT, FOLDER, PASSWORD, STATE
from mech_infra.commands.files import encode
from mech_infra.commands.nginx import CERTIFICATE, KEY
from mech_infra.commands.script import room, script

PACKAGE = "restic"  # Debian's
_PACKAGE_WAIT_S = 600  # for another apt to let go of its locks; the command has limits.PACKAGES_LIMIT_S
PROGRAM = "/usr/local/sbin/mech-backup"
TIMER, PROOF_TIMER = "mech-backup.timer", "mech-backup-proof.timer"
CONFIG_FILE, ENVIRONMENT_FILE, PASSWORD_FILE = (str(FOLDER / name) for name in (CONFIG, ENVIRONMENT, PASSWORD))
# What is saved beside the databases.
FILES = (f"{catalogue.SERVICES_ROOT}/*/.env", CERTIFICATE, KEY)
_UNITS = ("mech-backup.service", TIMER, "mech-backup-proof.service", PROOF_TIMER)
_MAIN = "mech_infra.backup.onhost:main"
# What a restore of Redis runs (mech_infra/backup/swapping.py).
_REDIS_LOG = "mech_infra/commands/redis/append_only.sh"
_ROOM = room(__file__)


@functools.cache
def program() -> bytes:
    """The packed program. No secret stands in it, and nothing of a stack."""
    return packing.packed(_MAIN, beside={_REDIS_LOG: (packing.ROOT / _REDIS_LOG).read_text()})


def config(
    repository: str,
    host: str,
    images: Mapping[str, str],
    memory_mb: Mapping[str, int],
    every_h: int,
    rpo_h: int,
    protection: str,
    keep: Mapping[str, int],
    read_mb_s: int,
    only_restore: bool = False,
) -> str:
    """config.json, which has no secret."""
    told = {
        "repository": repository, "host": host, "images": dict(images), "memory_mb": dict(memory_mb), "files": list(FILES),
        "every_h": every_h, "rpo_h": rpo_h, "protection": protection, "keep": dict(keep),
        "read_mb_s": read_mb_s, "only_restore": only_restore,
    }  # fmt: skip
    return json.dumps(told, indent=1, sort_keys=True) + "\n"


def units(every_h: int, prove_at: str) -> dict[str, str]:
    """Path to text."""
    # systemd takes no step that is as long as the day.
    hours = "00" if every_h == 24 else f"00/{every_h}"
    values = {"HOURS": hours, "EVERY_H": str(every_h), "PROVE_AT": prove_at}
    found = {}
    for name in _UNITS:
        text = (_ROOM / name).read_text()
        for key, value in values.items():
            text = text.replace(key, value)
        found[f"/etc/systemd/system/{name}"] = text
    return found


def secrets(password: str, access_key: str, secret_key: str) -> dict[str, str]:
    """Path to text, of root's alone."""
    return {
        PASSWORD_FILE: f"{password}\n",
        ENVIRONMENT_FILE: f"AWS_ACCESS_KEY_ID={access_key}\nAWS_SECRET_ACCESS_KEY={secret_key}\n",
    }


def handed(files: Mapping[str, str]) -> str:
    """Standard input of `install`: the program, compressed by bzip2, whose bytes are the same everywhere, and the secret files."""
    whole = base64.b64encode(bz2.compress(program())).decode()
    return f"{PROGRAM}.bz2 {whole}\n{encode(files)}"


def install(settings: str, every_h: int, prove_at: str, only_restore: bool = False) -> str:
    """Put it there, with the package that it needs, and have the timers run; a first or late backup begins at once.

    `only_restore`: without the timers, and no backup begins.
    """
    timers = "no" if only_restore else "yes"
    put = {path: ("644", text) for path, text in units(every_h, prove_at).items()} | {CONFIG_FILE: ("600", settings)}
    return script(_ROOM / "install.sh", PROGRAM, str(FOLDER), str(STATE), timers, _PACKAGE_WAIT_S, PACKAGE, put=put)


def remove() -> str:
    """Take all of it away but the repository and Debian's package; a run that is under way comes to its end."""
    return script(_ROOM / "remove.sh", PROGRAM, str(FOLDER), str(STATE), *_UNITS)
