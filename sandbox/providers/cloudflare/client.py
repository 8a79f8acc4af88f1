"""Cloudflare's API v4. Envelope: `{success, errors: [{code, message}], messages, result, result_info}`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.bridge_http import ApiError, JsonApi
from sandbox.providers.contract import ProviderError

API = "https://api.cloudflare.com/client/v4"
_SET_TOKEN = "set it with `pulumi config set --secret cloudflare:apiToken …` or in $CLOUDFLARE_API_TOKEN"  # noqa: S105
# Authentication error; invalid access token; invalid request headers; invalid format of the header.
_AUTH_CODES = frozenset({10000, 9109, 9106, 6003, 6111, 1001})


class CloudflareApi(JsonApi):
    """One token, or the older pair of e-mail address and global key."""

    vendor = "Cloudflare's API"
    url_setting = "CLOUDFLARE_BASE_URL"

    def __init__(self, token: str, base_url: str = "", email: str = "", key: str = "") -> None:
        headers = {"User-Agent": "mech-sandbox-cloudflare"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        elif email and key:
            headers.update({"X-Auth-Email": email, "X-Auth-Key": key})
        self.authorized = len(headers) > 1
        super().__init__(base_url or os.environ.get("CLOUDFLARE_BASE_URL") or API, headers, 4, 8.0)

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The whole envelope. Raises ApiError with Cloudflare's own words."""
        if not self.authorized and path != "ips":  # the list of Cloudflare's networks is public
            raise ProviderError(f"Cloudflare needs an API token: {_SET_TOKEN}")
        answer = super().call(method, path, body, query)
        if answer.get("success") is False:
            raise self.refusal(method, path, 200, answer, str(answer))
        return answer

    def result(self, method: str, path: str, body: Any = None) -> Any:
        return self.call(method, path, body).get("result")

    def refusal(self, method: str, path: str, status: int, data: dict[str, Any], text: str) -> ApiError:
        errors = [error for error in data.get("errors") or [] if isinstance(error, dict)]
        words = "; ".join(_words(error) for error in errors) or text[:300] or "no text"
        code = int(errors[0].get("code") or 0) if errors else 0
        message = f"Cloudflare: {words} (HTTP {status}, {method} {path})"
        if status == 401 or code in _AUTH_CODES:
            message = (
                f"Cloudflare refused the API token: {words} (HTTP {status}, {method} {path}). Either it is wrong "
                f"({_SET_TOKEN}) or it has no permission for this (dash.cloudflare.com, My Profile, API Tokens)"
            )
        elif status == 429:
            message += "; Cloudflare allows 1200 requests in 5 minutes: wait a little"
        return ApiError(message, status, text, code)

    def items(self, path: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """All elements of a list, page after page."""
        page = 1
        while True:
            answer = self.call("GET", path, query={**query, "page": page, "per_page": 50})
            yield from answer.get("result") or []
            info = answer.get("result_info") or {}
            if page * int(info.get("per_page") or 50) >= int(info.get("total_count") or 0):
                return
            page += 1


def _words(error: dict[str, Any]) -> str:
    parts = [str(error.get("message") or "no message")]
    parts += [str(link.get("message")) for link in error.get("error_chain") or [] if link.get("message")]
    code = f" (code {error['code']})" if error.get("code") else ""
    return ": ".join(parts) + code
