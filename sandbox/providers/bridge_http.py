"""One way to call a vendor's JSON API: retries, patience with rate limits, and errors that people can act on.

httpx honours HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE, as the official plugins' Go clients do.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Mapping
from typing import Any

from sandbox.providers.contract import ProviderError

# 500 is not among them: the vendors answer it for requests that will never work, too.
_TRANSIENT = frozenset({502, 503, 504})
_TIMEOUT = 60.0  # seconds for one request


class ApiError(ProviderError):
    """The API refused. `status` is the HTTP status, `body` the answer's text, `code` the vendor's own number."""

    def __init__(self, message: str, status: int, body: str, code: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.code = code


class JsonApi:
    """A vendor's API. Thread-safe: the engine calls many resources at a time."""

    vendor = "the API"
    url_setting = ""  # the environment variable that moves the API elsewhere

    def __init__(self, base_url: str, headers: Mapping[str, str], retries: int, longest_wait: float) -> None:
        self.base_url = base_url.rstrip("/")
        self.headers = dict(headers)
        self.retries = retries
        self.longest_wait = longest_wait  # seconds between two tries
        self.cancelled = threading.Event()
        self.transport: Any = None  # tests put an httpx transport here
        self._session: Any = None
        self._lock = threading.Lock()

    @property
    def session(self) -> Any:
        with self._lock:
            if self._session is None:
                import httpx  # 90 ms: not needed to answer the engine's first calls

                self._session = httpx.Client(
                    base_url=self.base_url + "/",
                    headers=self.headers,
                    timeout=_TIMEOUT,
                    transport=self.transport,
                    limits=httpx.Limits(max_connections=32),
                )
            return self._session

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer's JSON object, {} when it has none.

        Raises ApiError when the API refuses, ProviderError when it cannot be reached.
        """
        import httpx

        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            try:
                answer = self.session.request(method, path.lstrip("/"), json=body, params=query)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # never sent: safe to send again
                if last or not self._pause(attempt, None):
                    raise self._unreachable(error) from None
                continue
            except httpx.HTTPError as error:
                if last or method == "POST" or not self._pause(attempt, None):
                    raise self._unreachable(error) from None
                continue
            # A POST may have done its work behind a 502 or 504; doing it twice is worse than an error.
            again = answer.status_code == 429 or (
                answer.status_code in _TRANSIENT and (method != "POST" or answer.status_code == 503)
            )
            if again and not last and self._pause(attempt, answer.headers.get("Retry-After")):
                continue
            return self._read(method, path, answer)
        raise AssertionError("unreachable")

    def _pause(self, attempt: int, after: str | None) -> bool:
        """Wait before the next try; False when the user pressed Ctrl-C."""
        wait = min(self.longest_wait, 0.2 * 2**attempt) * random.uniform(0.7, 1.0)  # noqa: S311 - jitter
        if after and after.isdigit():
            wait = max(wait, min(float(after), 60.0))
        return not self.cancelled.wait(wait)

    def _read(self, method: str, path: str, answer: Any) -> dict[str, Any]:
        text = answer.text
        try:
            data = answer.json() if text.strip() else {}
        except ValueError:
            data = None
        if answer.is_success and isinstance(data, dict):
            return data
        if answer.is_success:
            raise ApiError(
                f"{self.vendor} answered {method} {path} with something that is not a JSON object: {text[:200]!r}. "
                f"Is {self.base_url} the API?{self._where()}",
                answer.status_code,
                text,
            )
        raise self.refusal(method, path, answer.status_code, data if isinstance(data, dict) else {}, text)

    def refusal(self, method: str, path: str, status: int, data: dict[str, Any], text: str) -> ApiError:
        """The vendor's own words as an error; each vendor has its envelope."""
        return ApiError(f"{method} {path}: HTTP {status}: {text[:300]}", status, text)

    def _unreachable(self, error: Exception) -> ProviderError:
        proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
        hint = f" (through the proxy {proxy.split('@')[-1]})" if proxy else ""
        reason = str(error) or type(error).__name__
        return ProviderError(f"cannot reach {self.vendor} at {self.base_url}{hint}: {reason}.{self._where()}")

    def _where(self) -> str:
        return f" Check the network and ${self.url_setting}." if self.url_setting else " Check the network."
