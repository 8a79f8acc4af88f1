"""What the checks of both clouds share: a token that is there, and answers that may be anything."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import httpx

from mech_ops import api
from mech_ops.preflight.checks import REQUEST_S, NotLooked, Wrong

Json = dict[str, Any]


def token(variable: str, where: str) -> str:
    """The token in the environment. Raises Wrong when it is not there or cannot be one; `where` people get one."""
    value = os.environ.get(variable, "")
    if not value:
        raise Wrong(f"{variable} is not set; export the token that {where} gives out")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise Wrong(f"{variable} holds a space, a line end or a sign that no token has; copy it anew from {where}")
    return value


def get(client: httpx.Client, path: str, query: Mapping[str, str] | None = None) -> httpx.Response:
    """Whatever the API answers to a GET, within REQUEST_S. Raises OpsError for silence, NotLooked where it is out of order."""
    client.timeout = httpx.Timeout(REQUEST_S)
    answer = api.send(client, "GET", path, query)
    if answer.status_code == 429 or answer.status_code >= 500:
        busy = "is asked too often" if answer.status_code == 429 else "is out of order"
        raise NotLooked(f"{client.base_url} {busy} (it answered {answer.status_code} to GET {path}); try again later")
    return answer


def body(answer: httpx.Response) -> Json:
    """The JSON object of an answer, {} for anything else."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
