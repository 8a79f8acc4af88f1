"""Runs on the host, with `dumps` (tests/unit/mech_infra/backup/dumps.py) above it: a snapshot more, as the newest, that is bad in one way.

Arguments: what is wrong with it (a function of WRONG).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, "/usr/local/sbin/mech-backup")

from mech_infra.backup import archive, manifest, proving, settings, taking
from mech_infra.backup.restic import repository

Json = dict[str, Any]
Dump = Callable[[Json], bytes]


def main(wrong: str, made: Dump) -> None:
    """`made`: collections as an archive of mongodump's."""
    told = settings.settings()
    there = repository(told.repository, settings.environment())
    newest = there.snapshots()[-1]
    scratch = Path("/var/lib/mech-backup/craft")
    shutil.rmtree(scratch, ignore_errors=True)
    folder = proving.fetched(there, newest, scratch)
    about = manifest.read(folder, newest.manifest)
    about["id"] = f"crafted-{wrong}"
    canary = {"_id": about["id"], "value": about["canary"]}
    jobs = [{"_id": f"job-{n}", "at": n} for n in range(9)]
    dumps = {
        "empty": {"mech_backup.canary": [canary]},
        "other-database": {"mech_backup.canary": [canary], "shop.goods": jobs},
        "no-canary": {"mech.jobs": jobs},
        "other-canary": {"mech_backup.canary": [{**canary, "value": "of-another-time"}], "mech.jobs": jobs},
        "good": {"mech_backup.canary": [canary], "mech.jobs": jobs},
    }
    dumped = folder / manifest.MONGODB
    dumped.write_bytes(made(dumps.get(wrong, dumps["good"])))
    about["mongodb"] = {"collections": manifest.of_collections(archive.read(dumped)), "live": {"mech.jobs": 9}}
    if wrong == "cut-off":
        dumped.write_bytes(dumped.read_bytes()[:-20])
    if wrong == "fewer":
        about["mongodb"]["collections"]["mech.jobs"]["documents"] += 1
    if wrong == "redis-broken":
        (folder / manifest.REDIS).write_bytes(b"REDIS0010 and then nothing that Redis knows")
    if wrong == "no-keys":
        shutil.rmtree(folder / "files")
    about["files"] = manifest.of_files(folder)
    if wrong == "changed-after":
        dumped.write_bytes(dumped.read_bytes() + b"more")
    manifest.write(about, folder)
    if wrong == "no-manifest":
        (folder / manifest.FILE).unlink()
    shutil.rmtree(taking.STAGING, ignore_errors=True)
    folder.rename(taking.STAGING)
    there.backup(taking.STAGING, about["id"], told.host)
    shutil.rmtree(taking.STAGING)
    shutil.rmtree(scratch)
