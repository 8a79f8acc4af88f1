"""What restic 0.14 and MongoDB's tools say when something fails, as it was recorded, and the sentence that is made of it."""

from __future__ import annotations

import pytest

from mech_infra.backup import faults

WHERE = "s3:https://store.mech.example/bucket/mech"
ID = "7285c7c7b2c956bf21c901c97b5d63cf7b078f1e0bd7a085fc5627feae1588bf"
# Recorded: restic 0.14.0-1+b5 on a folder that was broken by hand.
FOLDER = [
    ("Fatal: wrong password or no key found", "WRONG_PASSWORD"),
    ("Fatal: unable to open config file: stat /b/config: no such file or directory\nIs there a repository at the following location?\n/b", "NO_REPOSITORY"),
    ("ignoring error for /st/f0: ciphertext verification failed\nFatal: There were 1 errors", "DAMAGED"),
    (f"Pack ID does not match, want {ID}, got e44d93820e\nFatal: repository contains errors", "DAMAGED"),
    ("ignoring error for /st/f0: StreamPack: ReadFull: unexpected EOF\nFatal: There were 3 errors", "DAMAGED"),
    (f"pack {ID} failed to download: StreamPack: ReadFull: EOF\nFatal: repository contains errors", "DAMAGED"),
    (f"ignoring error for /st/f0: StreamPack: open /b/data/72/{ID}: no such file or directory\nFatal: There were 3 errors", "PACK_MISSING"),
    (f"ignoring error for /: id {ID} not found in repository\nFatal: There were 2 errors", "INDEX_MISSING"),
    ("Fatal: load <index/6dee292e17>: invalid data returned", "DAMAGED"),
    (f"error: error loading index {ID}: load <index/6dee292e17>: invalid data returned\nFatal: LoadIndex returned errors", "DAMAGED"),
    ("error: load <snapshot/8e94041b05>: invalid data returned\nFatal: repository contains errors", "DAMAGED"),
    (f"Fatal: config or key {ID} is damaged: ciphertext verification failed", "DAMAGED"),
    ("panic: runtime error: slice bounds out of range [16:3]\n\ngoroutine 1 [running]:", "DAMAGED"),
    ("Fatal: Unmarshal: unexpected end of JSON input", "DAMAGED"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "code"), FOLDER)
def test_what_restic_says_is_one_sentence(said: str, code: str) -> None:
    found = faults.restic("backup", said, WHERE)
    assert (found.code, "\n" in found.says, "{" in found.says) == (code, False, False)
    assert WHERE in found.says


def test_what_nobody_knows_is_told_by_its_last_word_and_without_a_password_in_a_url() -> None:
    found = faults.restic("backup", "Load(...)\nFatal: x of https://user:secret@store/ is odd\n", WHERE)
    assert found.code == "RESTIC" and "secret" not in found.says and "is odd" in found.says


@pytest.mark.parametrize(
    ("code", "bad"),
    [
        ("DAMAGED", True),
        ("WRONG_PASSWORD", True),
        ("CANARY_MISSING", True),
        ("NO_NETWORK", False),
        ("CLOCK", False),
        ("DISK_FULL", False),
    ],
)
def test_a_bad_backup_is_told_from_a_way_that_is_closed(code: str, bad: bool) -> None:
    assert faults.is_bad(code) is bad


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('OCI runtime exec failed: exec failed: unable to start container process: exec: "mongodump": executable file not found in $PATH: unknown', "NO_DUMP_TOOL"),
        ("Failed: can't create session: could not connect to server: connection() error occurred during connection handshake: auth error: (AuthenticationFailed) Authentication failed.", "MONGODB_REFUSES"),
        ("Error response from daemon: No such container: mongodb", "MONGODB_DOWN"),
        ("Error response from daemon: Container 0a is not running", "MONGODB_DOWN"),
        ("Failed: archive writer: write /dev/stdout: no space left on device", "DISK_FULL"),
        ("Failed: something else", "MONGODB"),
    ],
)  # fmt: skip
def test_what_mongodbs_tools_say_is_one_sentence(said: str, code: str) -> None:
    assert faults.mongodb("mongodump", said).code == code
