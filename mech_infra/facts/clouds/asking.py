"""GET from the two clouds' APIs, with the tokens and addresses that the providers use."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from mech_infra.facts.model import Unreachable

_TIMEOUT_S = 10
# Whoever asks for many things at once, as the providers do beside us, is told to wait (429).
_TURNS, _LONGEST_WAIT_S = 4, 5.0


class Missing(Unreachable):
    """There is nothing of that id or name (404)."""


def cloudflare(path: str) -> list[dict[str, Any]]:
    """All pages of a list. Raises Unreachable."""
    base = os.environ.get("CLOUDFLARE_BASE_URL") or "https://api.cloudflare.com/client/v4"
    token = os.environ.get("CLOUDFLARE_API_TOKEN", "")
    found: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = _get(f"{base.rstrip('/')}{path}?page={page}&per_page=100", token)
        found += answer.get("result") or []
        if page >= int((answer.get("result_info") or {}).get("total_pages") or 1):
            return found
        page += 1


def cloudflare_one(path: str) -> Any:
    """The result of what is no list of pages; None where there is none (404). Raises Unreachable."""
    base = os.environ.get("CLOUDFLARE_BASE_URL") or "https://api.cloudflare.com/client/v4"
    return (_found(f"{base.rstrip('/')}{path}", os.environ.get("CLOUDFLARE_API_TOKEN", "")) or {}).get("result")


def public(path: str) -> Any:
    """The same of what Cloudflare tells everybody: no token goes with it. Raises Unreachable."""
    base = os.environ.get("CLOUDFLARE_BASE_URL") or "https://api.cloudflare.com/client/v4"
    return (_found(f"{base.rstrip('/')}{path}", "") or {}).get("result")


def vultr(path: str, key: str) -> list[dict[str, Any]]:
    """The list under `key`. Raises Unreachable."""
    base = os.environ.get("MECH_VULTR_URL") or "https://api.vultr.com/v2"
    answer = _get(f"{base.rstrip('/')}{path}?per_page=500", os.environ.get("VULTR_API_KEY", ""))
    return list(answer.get(key) or [])


def vultr_one(path: str, key: str) -> dict[str, Any] | None:
    """What stands under `key`; None where there is none (404). Raises Unreachable."""
    base = os.environ.get("MECH_VULTR_URL") or "https://api.vultr.com/v2"
    answer = _found(f"{base.rstrip('/')}{path}", os.environ.get("VULTR_API_KEY", ""))
    return (answer or {}).get(key)


def quoted(id_: str) -> str:
    return urllib.parse.quote(id_)


def _found(url: str, token: str) -> dict[str, Any] | None:
    try:
        return _get(url, token)
    except Missing:
        return None


def _get(url: str, token: str, turns: int = _TURNS) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the clouds' own
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            body: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 429 and turns > 1:
            time.sleep(_wait_s(error.headers.get("Retry-After")))
            return _get(url, token, turns - 1)
        kind = Missing if error.code == 404 else Unreachable
        raise kind(f"HTTP {error.code} from {url.partition('?')[0]}") from None
    except (OSError, ValueError) as error:
        raise Unreachable(f"{url.partition('?')[0]}: {error}") from None
    return body


def _wait_s(told: str | None) -> float:
    """Seconds; a second where nobody says how long."""
    try:
        return min(max(float(told or 1), 0.2), _LONGEST_WAIT_S)
    except ValueError:
        return 1.0
