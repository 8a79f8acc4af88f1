"""What restic and MongoDB's tools say when something fails, as one sentence that says what is wrong and what to do next."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mech_infra.backup.words import Failed


@dataclass(frozen=True)
class Fault:
    """`shows`: what is said of it (restic 0.14, minio-go, mongo-tools). `bad`: the backup itself is, not only the way to it."""

    code: str
    shows: str
    says: str
    bad: bool = False


# From the special to the general: the first one that fits is told.
TABLE = (
    Fault(
        "WRONG_PASSWORD",
        r"wrong password or no key found",
        "the repository {where} does not open with mech:BACKUP_PASSWORD: set the one it was made with (pulumi config set "
        "--secret mech:BACKUP_PASSWORD), then pulumi up; without it nothing in there can be read",
        bad=True,
    ),
    Fault(
        "CLOCK",
        r"RequestTimeTooSkewed|difference between the request time and .* time is too large",
        "the store refuses this host's clock, which is off by more than 15 min: timedatectl set-ntp true",
    ),
    Fault(
        "NO_BUCKET",
        r"bucket does not exist|NoSuchBucket",
        "the store has no bucket of {where}: make it at the store, or correct mech:backup.repository",
    ),
    Fault(
        "LOCKED",
        r"repository is already locked|unable to create lock",
        "somebody else holds the repository {where} for itself (retention, most likely), and did not let go of it: "
        "mech backup now, later",
    ),
    Fault(
        "STORE_FULL",
        r"XMinioStorageFull|minimum free drive threshold|StorageFull|QuotaExceeded|InsufficientStorage|507 |storage quota",
        "the store has no room left for {where}: look at its quota, or have retention run (docs/backups.md)",
    ),
    Fault(
        "DISK_FULL",
        r"no space left on device|disk quota exceeded",
        "a disk of this host is full: df -h / and where {where} is",
    ),
    Fault(
        "DAMAGED",
        r"ciphertext verification failed|Pack ID does not match|[Hh]ash mismatch|invalid data returned|is damaged|"
        r"ReadFull: (?:unexpected )?EOF|^panic: |Unmarshal: |data seems corrupt|does not match id|pack .* contains \d+ errors|Blob ID does not match|"
        r"invalid character .* looking for|decrypt.* failed|wrong length|is truncated|file too (?:small|short)|"
        r"doesn't match (?:its )?(?:name|content)|invalid (?:file|header) length|has wrong size|size does not match",
        "the repository {where} is damaged, so that snapshots in it cannot be read whole: keep it as it is, begin another one "
        "(mech:backup.repository), and see docs/backups.md, A damaged repository",
        bad=True,
    ),
    Fault(
        "PACK_MISSING",
        r"pack \w+.* (?:does not exist|not found|is missing)|[Pp]acks? .*missing|not found.*<data/|<data/\w+>.*(?:not exist|no such)|"
        r"data/\w\w/\w+: no such file|does not exist in the repository",
        "data are missing in the repository {where}: the store lost or deleted a pack; begin another one "
        "(mech:backup.repository), and see docs/backups.md, A damaged repository",
        bad=True,
    ),
    Fault(
        "INDEX_MISSING",
        r"(?:id|tree|blob|index) \w* ?not found in (?:repository|index)|not found in index|index.* (?:not found|no such file)|"
        r"tree \w+: id .* not found",
        "the index of the repository {where} is gone or lacks the newest snapshots: restic rebuild-index, from where it may "
        "write there, then mech backup check; see docs/backups.md, A damaged repository",
        bad=True,
    ),
    Fault(
        "NO_REPOSITORY",
        r"unable to open config file|Is there a repository at the following location",
        "there is no repository at {where}: mech backup now makes it",
    ),
    Fault(
        "REFUSED",
        r"[Aa]ccess ?[Dd]enied|AccessDenied|SignatureDoesNotMatch|InvalidAccessKeyId|AllAccessDisabled|403 Forbidden|"
        r"Forbidden|permission denied|Unauthorized|signature we calculated",
        "the store refuses this host's key for {where}: mech:BACKUP_ACCESS_KEY and mech:BACKUP_SECRET_KEY must be a key that "
        "may read, list and write there",
    ),
    Fault(
        "STORE_BUSY",
        r"503 |Service ?Unavailable|temporarily unavailable|SlowDown|reduce your request rate|500 Internal|502 |504 |InternalError|429 ",
        "the store of {where} does not work now (it answers that it is busy or unavailable): the next run tries again",
    ),
    Fault(
        "NO_NETWORK",
        r"no such host|connection refused|network is unreachable|i/o timeout|connection reset|handshake timeout|deadline exceeded|"
        r"no route to host|server misbehaving|Client\.Timeout|x509|unexpected EOF",
        "the store of {where} does not answer from this host: mech diagnose; is the address in mech:backup.repository right?",
    ),
)
_BY_CODE = {fault.code: fault for fault in TABLE}
# A retry's word is no end, and the end may not repeat it: so all is searched, but what is only a hint is not.
_NOISE = re.compile(
    r"^(?:using temporary cache|create exclusive lock|load indexes|check |read |\[\d|using parent).*$", re.M
)


def restic(command: str, said: str, where: str) -> Failed:
    """Of what a command of restic's said when it failed."""
    fault = judged(said)
    # Taken before "unable to open config file": that is said of a bucket, a key and a network, too.
    if fault and fault.code == "NO_REPOSITORY":
        fault = next(
            (one for one in TABLE if one is not fault and one.code in _BEFORE and re.search(one.shows, said)), fault
        )
    if fault:
        return Failed(fault.code, fault.says.format(where=where))
    return Failed("RESTIC", f"restic {command} failed: {last(said)}")


_BEFORE = ("REFUSED", "STORE_BUSY", "NO_NETWORK")


def judged(said: str) -> Fault | None:
    text = _NOISE.sub("", said)
    return next((fault for fault in TABLE if re.search(fault.shows, text, re.M)), None)


def is_bad(code: str) -> bool:
    """Whether it is the backup that is bad, and not only the way to it that was closed."""
    return code in _BAD or (code in _BY_CODE and _BY_CODE[code].bad)


# Of a snapshot's own content, as manifest.py and proving.py tell.
_BAD = frozenset({
    "NO_SNAPSHOT", "SNAPSHOT_LOST", "REPOSITORY_LOST", "MANIFEST_MISSING", "MANIFEST_DIFFERS", "DUMP_BROKEN", "DUMP_EMPTY",
    "DUMP_WRONG", "DUMP_DIFFERS", "CANARY_MISSING", "RESTORE_DIFFERS", "RESTORE_FAILED", "REDIS_BROKEN", "REDIS_DIFFERS",
    "FILES_MISSING", "NO_REPOSITORY",
})  # fmt: skip


def mongodb(tool: str, said: str) -> Failed:
    """Of what MongoDB's shell or tool said when it failed."""
    if re.search(r"executable file not found|no such file or directory.*exec|OCI runtime exec failed", said):
        return Failed(
            "NO_DUMP_TOOL",
            f"the image of MongoDB has no {tool}: use one that has MongoDB's database tools (the official one)",
        )
    if re.search(r"Authentication failed|not authorized|Unauthorized|requires authentication", said):
        return Failed("MONGODB_REFUSES", "MongoDB does not let root on the host in: pulumi up")
    if re.search(r"No such container|is not running|is paused", said):
        return Failed("MONGODB_DOWN", "MongoDB's container does not run: mech diagnose")
    if re.search(r"no space left on device", said, re.I):
        return Failed("DISK_FULL", "a disk of this host is full: df -h")
    return Failed("MONGODB", f"{tool} failed: {last(said)}")


def last(said: str) -> str:
    """The line that says most, without what may be a secret in a URL."""
    # MongoDB's tools begin a line with its time.
    lines = [line.partition("\t")[2].strip() or line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if re.match(r"Fatal:|Failed:|error", line)] or lines or ["it gave no reason"]
    return re.sub(r"://[^@/\s]+@", "://…@", fatal[-1])[:300]
