"""How many requests a client may make: real limits by default, `cloud.json` in the state folder changes them."""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass

from sandbox.settings import Settings


@dataclass(frozen=True)
class Limits:
    """Vultr: requests a second an address. Cloudflare: requests in a window of seconds a token."""

    vultr_per_second: int = 30
    cloudflare_requests: int = 1200
    cloudflare_window_s: int = 300


def load(settings: Settings) -> Limits:
    """Read cloud.json. Raises ValueError that names the file and the key at fault."""
    path = settings.state / "cloud.json"
    if not path.exists():
        return Limits()
    try:
        values = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); correct or remove it") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold one object with the keys {', '.join(Limits.__dataclass_fields__)}")
    for name, value in values.items():
        if name not in Limits.__dataclass_fields__:
            raise ValueError(f"{path}: unknown key {name}; known: {', '.join(Limits.__dataclass_fields__)}")
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{path}: {name} must be a whole number above 0")
    return Limits(**values)


class Window:
    """A sliding window for each client: `take` says 0.0 when the request may pass, else the seconds to wait."""

    def __init__(self, requests: int, seconds: float) -> None:
        self.requests, self.seconds = requests, seconds
        self._seen: dict[str, deque[float]] = {}

    def take(self, client: str) -> float:
        now = time.monotonic()
        seen = self._seen.setdefault(client, deque())
        while seen and seen[0] <= now - self.seconds:
            seen.popleft()
        if len(seen) >= self.requests:
            return seen[0] + self.seconds - now
        seen.append(now)
        return 0.0

    def left(self, client: str) -> int:
        return self.requests - len(self._seen.get(client, ()))
