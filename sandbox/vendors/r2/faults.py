"""What `vendors.json` makes of the store. Every key is optional; they add up.

"unavailable": true     every request is answered 503 ServiceUnavailable; a number N: each Nth one
"denied": true          403 AccessDenied, whatever is asked
"read_only": true       the same for what writes or deletes: the token lost its right to
"full": true            507 to uploads, as a MinIO whose disk is full says it; R2 itself knows no such thing
"rate": 20000           bytes per second, up and down
"delay_s": 3            before each answer (`sandbox.vendors` itself)
"skew_s": 1200          the store's clock is ahead by so many seconds (negative: behind)
"""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox.vendors.r2.errors import S3Error, no_right


class Faults:
    """The fault of one request; `count` is its number since the daemon's start."""

    def __init__(self, said: dict[str, Any], count: int) -> None:
        self._said, self._count = said, count
        self.skew_s = float(said.get("skew_s", 0))

    def before(self) -> None:
        """Raises S3Error where a request is refused without a look at who sent it."""
        each = int(self._said.get("unavailable", 0))  # true is 1: each one
        if each and self._count % each == 0:
            raise S3Error(503, "ServiceUnavailable", "Service is temporarily unavailable. Please try again.")

    def after(self, method: str) -> None:
        """Raises S3Error where a request that is signed well is refused."""
        writes = method in ("PUT", "POST", "DELETE")
        if self._said.get("denied") or (self._said.get("read_only") and writes):
            raise no_right()
        if self._said.get("full") and method == "PUT":
            text = (
                "Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed."
            )
            raise S3Error(507, "XMinioStorageFull", text)

    async def pace(self, size: int) -> None:
        """Waits as long as `size` bytes take."""
        if rate := float(self._said.get("rate", 0)):
            await asyncio.sleep(size / rate)
