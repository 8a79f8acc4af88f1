"""GitHub's REST API as far as the indexer uses it: one user, one repository (docs.github.com/en/rest)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

from aiohttp import web

_FILES = {
    "README.md": "# Example\n\nA repository of the sandbox, for the indexer to read.\n",
    "src/queue.py": "def enqueue(job):\n    return job\n",
    "docs/search.md": "Search finds words in indexed documents.\n",
}
REPOSITORY = "mech-is/example"
_DOCS = "https://docs.github.com/rest"


def handle(request: web.Request, token: str, fault: dict[str, Any]) -> web.Response:
    """Answer one request; `fault` may say rate_limited."""
    limited = bool(fault.get("rate_limited"))
    headers = {
        "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0" if limited else "4999",
        "X-RateLimit-Reset": str(int(time.time()) + 3600),
    }  # fmt: skip
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "token") or not hmac.compare_digest(given.strip().encode(), token.encode()):
        return web.json_response(
            {"message": "Bad credentials", "documentation_url": _DOCS, "status": "401"}, status=401
        )
    if limited:
        text = "API rate limit exceeded for user ID 1."
        return web.json_response({"message": text, "documentation_url": _DOCS}, status=403, headers=headers)
    found = _find(request.path)
    if found is None:
        body = {"message": "Not Found", "documentation_url": _DOCS, "status": "404"}
        return web.json_response(body, status=404, headers=headers)
    return web.json_response(found, headers=headers)


def _sha(text: str) -> str:
    return hashlib.sha1(f"blob {len(text)}\0{text}".encode(), usedforsecurity=False).hexdigest()


def _find(path: str) -> dict[str, Any] | None:
    base = f"/repos/{REPOSITORY}"
    if path == "/user":
        return {"login": "mech-bot", "id": 1, "type": "User"}
    if path == "/rate_limit":
        return {"rate": {"limit": 5000, "remaining": 4999, "reset": int(time.time()) + 3600}}
    if path == base:
        return {"full_name": REPOSITORY, "default_branch": "main", "description": "for the sandbox", "private": False}
    if path == f"{base}/git/trees/main":
        tree = [{"path": name, "type": "blob", "mode": "100644", "sha": _sha(text), "size": len(text)}
                for name, text in _FILES.items()]  # fmt: skip
        return {"sha": _sha("".join(_FILES)), "truncated": False, "tree": tree}
    for text in _FILES.values():
        if path == f"{base}/git/blobs/{_sha(text)}":
            content = base64.b64encode(text.encode()).decode()
            return {"sha": _sha(text), "size": len(text), "encoding": "base64", "content": content}
    return None
