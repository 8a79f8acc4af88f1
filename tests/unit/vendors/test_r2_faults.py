"""R2's faults on demand: each shows what it says, and nothing once it is over."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from .rig import Account, play

A = "/mech-backup/a"


@pytest.mark.parametrize(
    ("fault", "reads", "writes", "code"),
    [
        ({"unavailable": True}, 503, 503, "ServiceUnavailable"),
        ({"denied": True}, 403, 403, "AccessDenied"),
        ({"read_only": True}, 200, 403, "AccessDenied"),
        ({"full": True}, 200, 507, "XMinioStorageFull"),
        ({"skew_s": 1200}, 403, 403, "RequestTimeTooSkewed"),
        ({"skew_s": -1200}, 403, 403, "RequestTimeTooSkewed"),
    ],
)
def test_a_fault(tmp_path: Path, fault: dict[str, Any], reads: int, writes: int, code: str) -> None:
    async def scene(r2: Account) -> None:
        await r2.ask("PUT", A, body=b"old")
        r2.fault(**fault)
        assert (await r2.ask("GET", A)).status == reads
        refused = await r2.ask("PUT", A, body=b"new")
        assert (refused.status, refused.code) == (writes, code)
        r2.fault()
        assert (await r2.ask("GET", A)).body == b"old"

    play(tmp_path, scene)


def test_one_request_in_three_is_refused(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        r2.fault(unavailable=3)
        assert [(await r2.ask("HEAD", "/mech-backup")).status for _ in range(6)].count(503) == 2

    play(tmp_path, scene)


def test_a_full_store_still_lets_what_is_there_go(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        await r2.ask("PUT", A)
        r2.fault(full=True)
        assert (await r2.ask("DELETE", A)).status == 204

    play(tmp_path, scene)


def test_a_slow_line_is_slow_both_ways(tmp_path: Path) -> None:
    async def scene(r2: Account) -> None:
        r2.fault(rate=400_000)
        for method, body in (("PUT", b"x" * 200_000), ("GET", b"")):
            begin = time.monotonic()
            assert (await r2.ask(method, A, body=body)).status == 200
            assert time.monotonic() - begin > 0.3

    play(tmp_path, scene)
