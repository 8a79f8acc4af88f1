"""Random drifts, as people make them: a shell on the host, clicks in Vultr's and Cloudflare's dashboards (their APIs).

Nothing here knows the program: what there is to break is found by looking, and whether a drift is gone again is judged
by looking at the same place, never by asking Pulumi.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

Json = dict[str, Any]


@dataclass
class Surface:
    """What such a person has: `host` runs a line as root and returns what it prints; `reach` tries a port from outside."""

    host: Callable[[str], str]
    reach: Callable[[int], str]
    vultr: httpx.Client
    cloudflare: httpx.Client
    rng: random.Random

    def pick(self, line: str) -> str:
        """One of the words that a command on the host prints."""
        return self.rng.choice(sorted(self.host(line).split()))

    def one(self, path: str, key: str) -> Json:
        found: list[Json] = ask(self.vultr, "GET", path)[key]
        return self.rng.choice(found)

    @property
    def zone(self) -> str:
        return f"/zones/{ask(self.cloudflare, 'GET', '/zones')['result'][0]['id']}"


def ask(client: httpx.Client, method: str, path: str, body: Json | None = None) -> Json:
    answer = client.request(method, path, json=body)
    assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
    found: Json = answer.json() if answer.content else {}
    return found


@dataclass(frozen=True)
class Drift:
    """`look` tells the state of the thing that `do` changes.

    `token` is set for what is not the program's: the line that tells of it must name it, and it must be left alone.
    `undo` takes away what such a drift, or one that was not repaired, leaves; `litter`: also what a repaired one leaves.
    """

    what: str
    look: Callable[[], str]
    do: Callable[[], object]
    token: str = ""
    undo: Callable[[], object] | None = None
    litter: bool = False


Kind = Callable[[Surface], Drift]
KINDS: dict[str, Kind] = {}


def kind(make: Kind) -> Kind:
    KINDS[make.__name__.replace("_", "-")] = make
    return make


def shell(s: Surface, what: str, look: str, do: str, token: str = "", undo: str = "") -> Drift:
    return Drift(what, lambda: s.host(look), lambda: s.host(do), token, (lambda: s.host(undo)) if undo else None)


def choose(s: Surface, rounds: int) -> list[str]:
    """Kinds for so many rounds: in a random order, and none again before all were there."""
    chosen: list[str] = []
    while len(chosen) < rounds:
        chosen += s.rng.sample(sorted(KINDS), len(KINDS))
    return chosen[:rounds]
