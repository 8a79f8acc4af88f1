"""Vultr's API v2. Errors are `{"error": text, "status": number}`; lists are paged with cursors."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.providers.bridge_http import ApiError, JsonApi
from sandbox.providers.contract import Context, ProviderError

API = "https://api.vultr.com/v2"
# The official plugin's limit for each wait (resource_vultr_instance.go).
WAIT = 3600.0  # seconds
_SET_KEY = "set it with `pulumi config set --secret vultr:apiKey …` or in $VULTR_API_KEY"


class VultrApi(JsonApi):
    """One account. `rate_limit` is the longest wait between tries in ms, as in govultr; `retries` the tries after
    the first."""

    vendor = "Vultr's API"
    url_setting = "MECH_VULTR_URL"

    def __init__(self, key: str, rate_limit: int = 500, retries: int = 3) -> None:
        headers = {"Authorization": f"Bearer {key}", "User-Agent": "mech-sandbox-vultr"}
        super().__init__(os.environ.get("MECH_VULTR_URL") or API, headers, retries, rate_limit / 1000)
        self.key = key

    def call(self, method: str, path: str, body: Any = None, query: Any = None) -> dict[str, Any]:
        if not self.key:
            raise ProviderError(f"Vultr needs an API key: {_SET_KEY}")
        return super().call(method, path, body, query)

    def refusal(self, method: str, path: str, status: int, data: dict[str, Any], text: str) -> ApiError:
        words = str(data.get("error") or text[:300] or "no text")
        message = f"Vultr: {words} (HTTP {status}, {method} {path})"
        if status in (401, 403):
            message = f"Vultr refused the API key: {words} (HTTP {status}); {_SET_KEY}"
        elif status == 429:
            message += "; Vultr allows 30 requests a second: try again, or lower `pulumi up --parallel`"
        return ApiError(message, status, text)

    def items(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        """All elements of a list, page after page."""
        cursor = ""
        while True:
            query = {"per_page": "100", **({"cursor": cursor} if cursor else {})}
            page = self.call("GET", path, query=query)
            yield from page.get(key) or []
            cursor = ((page.get("meta") or {}).get("links") or {}).get("next") or ""
            if not cursor:
                return


def wait_for(
    ctx: Context,
    what: str,
    state: Callable[[], Any],
    wanted: Any,
    pending: tuple[Any, ...] | None,
    timeout: float = 0,
) -> None:
    """Poll until `state()` is `wanted`: first soon, then every 3 s. The official plugin first waits 10 s.

    `pending`: the states on the way; any other is an error (None: every state is on the way).
    Raises ProviderError on a wrong state, after `timeout` seconds (0: an hour), or on Ctrl-C.
    """
    deadline = time.monotonic() + (timeout or WAIT)
    pause = 0.2
    while (now := state()) != wanted:
        if pending is not None and now not in pending:
            raise ProviderError(f"{what}: unexpected state {now!r}, wanted {wanted!r}")
        if time.monotonic() > deadline:
            raise ProviderError(f"{what}: still {now!r} after {timeout or WAIT:.0f} s, wanted {wanted!r}")
        if ctx.cancelled.wait(pause):
            raise ProviderError(f"{what}: interrupted while it was {now!r}, wanted {wanted!r}")
        pause = min(3.0, pause * 1.5)


def without_empty(body: dict[str, Any]) -> dict[str, Any]:
    """As Go's `omitempty`: what is empty is not sent; false is (govultr sends pointers to booleans)."""
    return {
        name: value
        for name, value in body.items()
        if (value is not None and value not in ("", [], {}, 0)) or value is False
    }
