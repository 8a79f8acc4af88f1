"""What came of a load: each answer, what failed, and how long the answers took, in all or in a window of time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Said:
    """What came of one request, stream, WebSocket or upload; `text` is empty when it was as it should be."""

    at: float  # when it began, as time.time() has it
    ms: float
    kind: str  # get, post, upload, stream, socket
    service: str
    method: str
    path: str
    status: int  # 0: no answer
    text: str
    version: str  # of the container that answered

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.at).strftime("%H:%M:%S.%f")[:-3]
        text = " ".join(self.text.split())
        return (
            f"{when} {self.kind} {self.service} {self.method} {self.path}: {self.status} after {self.ms:.0f} ms {text}"
        )


@dataclass(frozen=True)
class Result:
    """What came of all of them."""

    said: list[Said]
    behind: float = 0.0  # seconds by which the visitors lagged behind their own rate, at the worst

    @property
    def total(self) -> int:
        return len(self.said)

    @property
    def requests(self) -> list[Said]:
        return [one for one in self.said if one.kind in ("get", "post")]

    @property
    def failed(self) -> list[Said]:
        """Requests and uploads without the answer that they should have had."""
        return [one for one in self.said if one.text and one.kind in ("get", "post", "upload")]

    @property
    def cut(self) -> list[Said]:
        """Streams that did not come to their end, WebSockets that were not closed in order."""
        return [one for one in self.said if one.text and one.kind in ("stream", "socket")]

    @property
    def moved(self) -> list[Said]:
        """WebSockets that were told to connect again (1001), and did."""
        return [one for one in self.said if one.kind == "socket" and one.status == 1001]

    def percentile(self, part: float) -> float:
        """Milliseconds in which so many of the requests (0 to 1) were answered; 0 where there were none."""
        took = sorted(one.ms for one in self.requests)
        return took[max(0, math.ceil(part * len(took)) - 1)] if took else 0.0

    @property
    def p50(self) -> float:
        return self.percentile(0.5)

    @property
    def p99(self) -> float:
        return self.percentile(0.99)

    def between(self, begin: float, end: float) -> Result:
        """Of what was begun from `begin` to `end` (time.time())."""
        return self.where(lambda one: begin <= one.at < end)

    def outside(self, begin: float, end: float) -> Result:
        return self.where(lambda one: not begin <= one.at < end)

    def of(self, *names: str) -> Result:
        """Of these services, or kinds."""
        return self.where(lambda one: one.service in names or one.kind in names)

    def where(self, wanted: Callable[[Said], bool]) -> Result:
        return Result([one for one in self.said if wanted(one)], self.behind)

    @property
    def versions(self) -> Counter[str]:
        """How many answers each version of a service gave."""
        return Counter(one.version for one in self.said if one.version)

    def summary(self) -> str:
        """Some lines for people."""
        kinds = Counter(one.kind for one in self.said)
        asked = self.requests
        lasted = max((one.at for one in asked), default=0.0) - min((one.at for one in asked), default=0.0)
        lines = [
            f"{len(asked)} requests in {lasted:.0f} s ({len(asked) / lasted if lasted else 0:.0f} a second, at most "
            f"{self.behind * 1000:.0f} ms late), p50 {self.p50:.0f} ms, p99 {self.p99:.0f} ms",
            ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
            f"{len(self.failed)} failed, {len(self.cut)} cut, {len(self.moved)} WebSockets moved",
        ]
        return "\n".join([*lines, *(f"  {one}" for one in self.failed[:10] + self.cut[:10])])
