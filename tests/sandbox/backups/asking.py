"""What the tests of backups ask of the host, and the ways in which a repository or a snapshot is made bad."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.sandbox.stack import STACK, Stack

FOLDER, SAVED = "/var/backups/mech-broken", "/var/backups/mech-whole"
CONFIG, STATUS = "/etc/mech/backup/config.json", "/var/lib/mech-backup/status.json"
# What is done to the repository, in its folder. `largest`: of the packs, the one with the dumps.
LARGEST = "$(ls -S data/*/* | head -n 1)"
FLIP = "import sys; p = sys.argv[1]; b = bytearray(open(p, 'rb').read()); b[len(b) // 2] ^= 1; open(p, 'wb').write(b)"
BROKEN = {
    "DAMAGED": f'chmod -R u+w . && python3 -c "{FLIP}" {LARGEST}',
    "PACK_MISSING": f"rm -f {LARGEST}",
    "INDEX_MISSING": "rm -f index/*",
    "SNAPSHOT_LOST": "rm -f snapshots/*",
    "WRONG_PASSWORD": "rm -f keys/*",
    "NO_REPOSITORY": "rm -f config",
}
CRAFTED = {
    "empty": "DUMP_EMPTY",
    "other-database": "DUMP_WRONG",
    "no-canary": "CANARY_MISSING",
    "other-canary": "CANARY_MISSING",
    "cut-off": "DUMP_BROKEN",
    "fewer": "DUMP_DIFFERS",
    "changed-after": "MANIFEST_DIFFERS",
    "no-manifest": "MANIFEST_MISSING",
    "no-keys": "FILES_MISSING",
    "redis-broken": "RESTORE_FAILED",
}


def backup(stack: Stack, word: str) -> tuple[int, dict[str, Any]]:
    words = [word, *(["--fast"] if word in ("now", "prove") else [])]  # the timers' own runs are those that go gently
    done = stack.mech("backup", *words, "--stack", STACK, "--json", check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def status(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.ssh(f"cat {STATUS}"))
    return found


def insert(stack: Stack, count: int, begin: int = 0) -> None:
    """Jobs, acknowledged by MongoDB."""
    where = 'db.getSiblingDB("mech").getCollection("jobs")'
    lines = "".join(f'{where}.insertOne({{"_id": "job-{n}", "at": {n}}})\n' for n in range(begin, begin + count))
    stack.ssh("docker exec -i mongodb mongosh --quiet admin --file /dev/stdin", text=lines)


def left(stack: Stack) -> str:
    """What a run should not leave on the host."""
    return stack.ssh(
        "docker ps -aq --filter label=mech.scratch; ls -d /var/lib/mech-backup/staging /var/lib/mech-backup/scratch 2>/dev/null || true"
    )


def settled(stack: Stack) -> None:
    """The backup that `up` begins has ended."""
    end = time.monotonic() + 120
    while (
        stack.ssh("systemctl is-active mech-backup.service mech-backup-proof.service || true").splitlines()
        != ["inactive"] * 2
    ):
        assert time.monotonic() < end, "a backup does not end"
        time.sleep(2)
