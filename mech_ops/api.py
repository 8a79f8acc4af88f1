"""One way to ask a provider's API: what goes wrong becomes a sentence for people."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import httpx

from mech_ops.errors import OpsError

Json = dict[str, Any]

_TIMEOUT_S = 30


def vultr() -> httpx.Client:
    """Vultr's API v2, with the key from $VULTR_API_KEY as for Pulumi; $MECH_VULTR_URL names another place."""
    return _client("MECH_VULTR_URL", "https://api.vultr.com/v2", "VULTR_API_KEY")


def cloudflare() -> httpx.Client:
    """Cloudflare's API v4, with $CLOUDFLARE_API_TOKEN; $CLOUDFLARE_BASE_URL names another place."""
    return _client("CLOUDFLARE_BASE_URL", "https://api.cloudflare.com/client/v4", "CLOUDFLARE_API_TOKEN")


def elsewhere() -> bool:
    """Whether another cloud than the real ones is asked."""
    return any(os.environ.get(name) for name in ("MECH_VULTR_URL", "CLOUDFLARE_BASE_URL"))


def ask(
    client: httpx.Client, method: str, path: str, query: Mapping[str, str] | None = None, body: Json | None = None
) -> Json | None:
    """The answer's body, {} when it has none; None for 404. Raises OpsError for every other refusal or silence."""
    answer = send(client, method, path, query, body)
    if answer.status_code == 404:
        return None
    if answer.status_code >= 400:
        at = f"{method} {str(client.base_url).rstrip('/')}{path}"
        hint = "; is its token set and valid (VULTR_API_KEY, CLOUDFLARE_API_TOKEN)?"
        raise OpsError(f"{at} answered {answer.status_code}{hint if answer.status_code in (401, 403) else ''}")
    said: Json = answer.json() if answer.content else {}
    return said


def send(
    client: httpx.Client, method: str, path: str, query: Mapping[str, str] | None = None, body: Json | None = None
) -> httpx.Response:
    """Whatever is answered, refusals too. Raises OpsError for silence."""
    try:
        return client.request(method, path, params=query, json=body)
    except httpx.LocalProtocolError:  # its text has the header, and so the token
        raise OpsError(f"{client.base_url} cannot be asked: the token holds a character that no header may") from None
    except httpx.HTTPError as error:
        raise OpsError(f"{client.base_url} does not answer ({error}); try again when it does") from None


def _client(url_variable: str, url: str, token_variable: str) -> httpx.Client:
    token = os.environ.get(token_variable, "")
    base = (os.environ.get(url_variable) or url).rstrip("/")
    return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT_S)
