"""HTTP to a Docker Engine through `ssh HOST docker system dial-stdio`, as Docker's own client does it.

The real ssh is used, so that every option of `sshOpts` and ~/.ssh/config means what it means elsewhere. Each
connection is one ssh process on one end of a socket pair. As many are opened as calls come at once, and a few are kept.
Source: docker/cli, cli/connhelper; docker/go-connections, sockets.ConfigureTransport (MaxIdleConns).
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import threading
import urllib.parse
from typing import Any

import requests.adapters
import urllib3
import urllib3.connection

_KEPT = 6  # connections that nobody uses
_CONNECT_TIMEOUT = 30  # seconds, docker/cli's own


def arguments(host: str, options: list[str]) -> list[str]:
    """argv for `ssh://[user@]host[:port]`. Raises ValueError for another form."""
    url = urllib.parse.urlsplit(host)
    if url.scheme != "ssh" or not url.hostname or url.password or url.query or url.fragment:
        raise ValueError(f"{host!r} is not of the form ssh://user@host:port")
    if url.hostname.startswith("-") or (url.username or "").startswith("-"):
        raise ValueError(f"{host!r}: a host or user cannot begin with a dash")
    command = ["ssh", *options, "-o", f"ConnectTimeout={_CONNECT_TIMEOUT}", "-T"]
    if url.username:
        command += ["-l", url.username]
    if url.port:
        command += ["-p", str(url.port)]
    command += ["--", url.hostname, "docker"]
    if url.path.strip("/"):
        command += ["--host", f"unix://{url.path}"]
    return [*command, "system", "dial-stdio"]


class _Connection(urllib3.connection.HTTPConnection):
    def __init__(self, adapter: SSHAdapter, timeout: Any) -> None:
        super().__init__("docker", timeout=timeout)
        self._adapter = adapter
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: Any = None

    def connect(self) -> None:
        ours, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the connection
        with theirs:
            # A session of its own: no terminal to ask for passwords on, and Ctrl-C does not cut a request short.
            self._process = subprocess.Popen(
                self._adapter.argv,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._errors,
                start_new_session=True,
            )
        ours.settimeout(None if not isinstance(self.timeout, int | float) else self.timeout)
        self.sock = ours

    def complaint(self) -> str:
        """What ssh wrote before it gave up; "" while it runs."""
        if self._process is None or self._errors is None:
            return ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        if self._process.poll() in (None, 0):
            return ""
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        return f"ssh ended with exit status {self._process.returncode}: {text or 'no message'}"

    def close(self) -> None:
        if self.sock is not None and self._process is not None and not self._adapter.closing:
            self._adapter.note(self)
        super().close()
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            threading.Thread(target=process.wait, daemon=True).start()  # reaped without waiting here
        if self._errors is not None:
            self._errors.close()
            self._errors = None


class _Pool(urllib3.HTTPConnectionPool):
    def __init__(self, adapter: SSHAdapter, timeout: float) -> None:
        super().__init__("docker", timeout=timeout, maxsize=_KEPT, block=False)
        self._adapter = adapter

    def _new_conn(self) -> Any:
        return _Connection(self._adapter, self.timeout.connect_timeout if self.timeout else None)


class SSHAdapter(requests.adapters.HTTPAdapter):
    """A requests adapter whose connections are ssh processes; `complaint` says what ssh said last."""

    def __init__(self, argv: list[str], timeout: float) -> None:
        self.argv = argv
        self.complaint = ""
        self.closing = False
        self._timeout = timeout
        super().__init__()
        self._pool = _Pool(self, timeout)

    def note(self, connection: _Connection) -> None:
        if connection._process is not None and connection._process.poll() is not None:
            self.complaint = connection.complaint()

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        return self._pool

    def request_url(self, request: Any, proxies: Any) -> str:
        return str(request.path_url)

    def close(self) -> None:
        self.closing = True
        self._pool.close()
