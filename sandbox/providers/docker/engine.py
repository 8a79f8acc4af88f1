"""One Docker Engine: its client, made at the first use and shared by all resources; its errors as people read them."""

from __future__ import annotations

import atexit
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.providers.contract import ProviderError

_TIMEOUT = 1200  # seconds; upstream's create, update and delete limit of 20 minutes
_HUB = "registry-1.docker.io"


def host_of(config: dict[str, Any]) -> str:
    """The daemon's address: a context beats `host`, which beats DOCKER_HOST and the local socket."""
    context = config.get("context") or os.environ.get("DOCKER_CONTEXT")
    if context and context != "default":
        return _context_host(str(context))
    return str(config.get("host") or os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")


def _context_host(name: str) -> str:
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "contexts" / "meta"
    for meta in folder.glob("*/meta.json"):
        data = json.loads(meta.read_text())
        if data.get("Name") == name:
            return str(data["Endpoints"]["docker"]["Host"])
    raise ProviderError(f"no Docker context {name!r} in {folder}: see `docker context ls`")


class Engine:
    """A lazily made client. Thread-safe; a failed first ping is tried again by the next call.

    Upstream makes a client a resource, all at once: so who waited for a ping that failed has failed with it, and a host
    that drops packets costs one time-out, not one for each resource.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.host = ""
        self._client: Any = None
        self._adapter: Any = None
        self._lock = threading.Lock()
        self._failed: tuple[float, ProviderError] | None = None

    @property
    def client(self) -> Any:
        """docker-py's APIClient. Raises ProviderError when the daemon does not answer."""
        asked = time.monotonic()
        with self._lock:
            if self._client is None:
                if self._failed and self._failed[0] > asked:
                    raise self._failed[1]
                self.host = host_of(self.config)
                try:
                    self._client = self._connect()
                except ProviderError as error:
                    self._failed = (time.monotonic(), error)
                    raise
            return self._client

    def _connect(self) -> Any:
        import docker
        from docker.constants import DEFAULT_DOCKER_API_VERSION

        try:
            if self.host.startswith("ssh://"):
                from .ssh import SSHAdapter, arguments

                options = self.config.get("sshOpts") or os.environ.get("DOCKER_SSH_OPTS", "").split()
                argv = arguments(self.host, [str(option) for option in options])
                client: Any = docker.APIClient("http://docker.example.com:80", DEFAULT_DOCKER_API_VERSION, _TIMEOUT)
                self._adapter = SSHAdapter(argv, _TIMEOUT)
                client.mount("http://", self._adapter)
                atexit.register(client.close)
            else:
                tls = self._tls()
                client = docker.APIClient(self.host, DEFAULT_DOCKER_API_VERSION, _TIMEOUT, tls=tls or False)
            client.trust_env = False  # HTTP_PROXY is not for the daemon
        except (ValueError, docker.errors.DockerException) as error:
            raise ProviderError(f"failed to create Docker client: {error}") from error
        try:
            daemon = client.version(api_version=False)["ApiVersion"]
        except Exception as error:
            reason = self.reason(error)
            client.close()
            raise ProviderError(
                f"failed to create Docker client: Error pinging Docker server, please make sure that {self.host} "
                f"is reachable and has a  '_ping' endpoint. Error: {reason}"
            ) from error
        # The older of both speaks, as in Docker's own negotiation.
        client._version = min(daemon, DEFAULT_DOCKER_API_VERSION, key=_numbers)
        return client

    def _tls(self) -> Any:
        from docker.tls import TLSConfig

        path = self.config.get("certPath") or os.environ.get("DOCKER_CERT_PATH")
        material = [self.config.get(key) for key in ("certMaterial", "keyMaterial", "caMaterial")]
        if material[0] or material[1]:
            if not (material[0] and material[1]):
                raise ProviderError("cert_material, and key_material must be specified")
            if path:
                raise ProviderError("cert_path must not be specified")
            path = tempfile.mkdtemp(prefix="mech-docker-")  # 0700; requests reads certificates from files only
            for name, text in zip(("cert.pem", "key.pem", "ca.pem"), material, strict=True):
                (Path(path) / name).write_text(text or "")
        if not path:
            return None
        folder = Path(path).expanduser()
        pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
        return TLSConfig(client_cert=pair, ca_cert=str(folder / "ca.pem"), verify=True)

    def reason(self, error: BaseException) -> str:
        """The daemon's own message, or ssh's when the connection failed."""
        import docker

        if isinstance(error, docker.errors.APIError):
            return f"Error response from daemon: {error.explanation or error}"
        complaint = getattr(self._adapter, "complaint", "")
        return str(complaint or error)

    @contextmanager
    def doing(self, what: str, absent: bool = True) -> Iterator[None]:
        """Turn the client's exceptions into `<what>: <reason>`, or the reason alone where `what` is "".

        NotFound passes through when `absent`.
        """
        import docker
        import requests
        import urllib3.exceptions

        what = f"{what}: " if what else ""
        try:
            yield
        except docker.errors.NotFound as error:
            if absent:
                raise
            raise ProviderError(f"{what}{self.reason(error)}") from error
        except (docker.errors.DockerException, requests.RequestException, urllib3.exceptions.HTTPError) as error:
            # urllib3's own where an answer breaks off while it is read, as a pull does when docker restarts
            raise ProviderError(f"{what}{self.reason(error)}") from error

    # -- registries -------------------------------------------------------------------------------------------

    def auth_for(self, image: str) -> dict[str, str]:
        """What X-Registry-Auth says for the image's registry, {} for none; of two entries the last one counts.

        Only the very host is a match: docker.io is not registry-1.docker.io (upstream's pullImage).
        """
        server = registry_of(image)
        entries = [entry for entry in self.config.get("registryAuth") or [] if isinstance(entry, dict)]
        entry = next((one for one in reversed(entries) if _hostname(str(one.get("address", ""))) == server), None)
        if entry is None:
            return {}
        if entry.get("authDisabled"):  # upstream's dummy
            user, password = "username", "password"
        elif entry.get("username"):
            user, password = str(entry["username"]), str(entry.get("password") or "")
        else:
            found = _from_file(entry, server)
            user, password = found.get("username") or "", found.get("password") or ""
        scheme = "http://" if str(entry["address"]).startswith("http://") else "https://"
        return {"username": user, "password": password, "serveraddress": f"{scheme}{server}"}


def _from_file(entry: dict[str, Any], server: str) -> dict[str, str]:
    from docker.auth import load_config, resolve_authconfig

    text = entry.get("configFileContent")
    if text:
        data = json.loads(text)
        config = load_config(config_dict=data)
    else:
        config = load_config(config_path=str(Path(entry.get("configFile") or "~/.docker/config.json").expanduser()))
    return resolve_authconfig(config, None if server == _HUB else server) or {}


def registry_of(image: str) -> str:
    """The registry's host of an image name; Docker Hub's when there is none (upstream's parseImageOptions)."""
    first, slash, _ = image.partition("/")
    if image.count("/") > 1 or (slash and (any(char in first for char in ".:") or first == "localhost")):
        return first
    return _HUB


def _hostname(address: str) -> str:
    return address.removeprefix("https://").removeprefix("http://").split("/")[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
