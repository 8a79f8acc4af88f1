"""Who may ask R2 for what, and how it says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from .rig import API, Account, play

OBJECT = "/mech-backup/config"


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"secret": "wrong"}, 403, "SignatureDoesNotMatch"),
        ({"key": "nobodys", "secret": "any"}, 401, "Unauthorized"),
        ({"payload": "0" * 64}, 400, "XAmzContentSHA256Mismatch"),
        ({"payload": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, 501, "NotImplemented"),
        ({"headers": {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}}, 400, "BadDigest"),
        ({"region": "us-east-2"}, 400, "InvalidRegionName"),
        ({"late": 1000}, 403, "RequestTimeTooSkewed"),
        ({"late": -1000}, 403, "RequestTimeTooSkewed"),
        ({"headers": {"Authorization": "Bearer x"}}, 400, "InvalidArgument"),
    ],
)
def test_what_is_not_signed_well_writes_nothing(tmp_path: Path, how: dict[str, object], status: int, code: str) -> None:
    async def scene(r2: Account) -> None:
        refused = await r2.ask("PUT", OBJECT, body=b"new", **how)  # type: ignore[arg-type]
        assert (refused.status, refused.code) == (status, code)
        assert (await r2.ask("GET", OBJECT)).code == "NoSuchKey"

    play(tmp_path, scene)


@pytest.mark.parametrize("how", [{}, {"region": "us-east-1"}, {"payload": "UNSIGNED-PAYLOAD"}, {"late": -600}])
def test_what_is_signed_well_is_taken(tmp_path: Path, how: dict[str, object]) -> None:
    async def scene(r2: Account) -> None:
        assert (await r2.ask("PUT", OBJECT, body=b"new", **how)).status == 200  # type: ignore[arg-type]
        assert (await r2.ask("GET", OBJECT, key="r2_retention")).body == b"new"

    play(tmp_path, scene)


def test_each_key_has_one_bucket_and_makes_none(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        assert (await r2.ask("PUT", "/mech-storage/a", body=b"x", key="r2")).status == 200
        for key, bucket in (("r2", "mech-backup"), ("r2_backup", "mech-storage"), ("r2_retention", "mech-storage")):
            for method, path in (("GET", ""), ("GET", "/a"), ("PUT", "/a"), ("DELETE", "/a"), ("HEAD", "")):
                assert (await r2.ask(method, f"/{bucket}{path}", key=key)).status == 403
        for path in ("/", "/mine", "/mech-backup"):
            assert (await r2.ask("PUT", path)).code == "AccessDenied"
        assert (await r2.ask("GET", "/mech-storage/a", key="r2")).body == b"x"

    play(tmp_path, scene)


def test_buckets_are_made_and_taken_away_by_the_accounts_token(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        assert (await r2.api("POST", API, {"name": "Not a name"})).status == 400
        assert (await r2.api("POST", API, {"name": "mech-backup"})).status == 409
        assert (await r2.api("DELETE", f"{API}/mech-backup")).status == 200
        assert (await r2.ask("HEAD", "/mech-backup")).status == 404
        assert (await r2.ask("PUT", OBJECT)).code == "NoSuchBucket"
        assert b"mech-backup" not in (await r2.api("GET", API)).body

    play(tmp_path, scene)

    async def later(r2: Account) -> None:
        assert (await r2.api("GET", f"{API}/mech-backup")).status == 404
        assert (await r2.api("POST", API, {"name": "mech-backup"})).status == 200
        assert (await r2.ask("PUT", OBJECT)).status == 200

    play(tmp_path, later)
