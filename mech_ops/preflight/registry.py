"""Asks image registries whether a host could pull: the manifest's HEAD, with the token that a registry asks for first.

Source: the OCI distribution specification; Docker's "Token authentication specification"; names: distribution/reference.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from mech_ops.errors import OpsError
from mech_ops.preflight.checks import REQUEST_S, NotLooked, Wrong

_HUB = "docker.io"
_SERVERS = {_HUB: "registry-1.docker.io"}
_MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1", "docker.distribution.manifest.list.v2", "oci.image.manifest.v1",
        "docker.distribution.manifest.v2",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """An image as Docker reads its name: registry, repository there, tag or digest."""

    registry: str
    repository: str
    tag: str

    @property
    def server(self) -> str:
        return _SERVERS.get(self.registry, self.registry)


@dataclass(frozen=True)
class Login:
    """Who asks a registry. `password` is a secret."""

    user: str
    password: str = field(repr=False)


def reference(text: str) -> Reference:
    """Docker's rules: no registry means docker.io, a single name there means library/, no tag means latest."""
    name, _, digest = text.partition("@")
    first, slash, rest = name.partition("/")
    named = bool(slash) and ("." in first or ":" in first or first == "localhost")
    registry, path = (first, rest) if named else (_HUB, name)
    if ":" in path.rpartition("/")[2]:
        path, _, tag = path.rpartition(":")
    else:
        tag = ""
    registry = _HUB if registry in ("index.docker.io", "registry-1.docker.io") else registry
    repository = f"library/{path}" if registry == _HUB and "/" not in path else path
    return Reference(registry, repository, digest or tag or "latest")


def client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """For registries: by their real names, through $MECH_REGISTRY_PROXY and trusting $MECH_REGISTRY_CA where these are set.

    They say how the registries that the *hosts* use are reached from here. Raises OpsError for a CA that is not one.
    """
    authority = os.environ.get("MECH_REGISTRY_CA")
    try:
        trust = ssl.create_default_context(cafile=authority) if authority else True
        proxy = os.environ.get("MECH_REGISTRY_PROXY") or None
        return httpx.Client(verify=trust, proxy=proxy, timeout=REQUEST_S, follow_redirects=True, transport=transport)
    except (OSError, ValueError) as error:
        raise OpsError(
            f"MECH_REGISTRY_CA or MECH_REGISTRY_PROXY cannot be used ({error}); correct or unset it"
        ) from None


def pull(registries: httpx.Client, text: str, logins: Mapping[str, Login] | None = None) -> str:
    """What would be pulled. Raises Wrong, NotLooked. `logins`: by registry, for those that ask for one."""
    image = reference(text)
    login = (logins or {}).get(image.registry)
    try:
        answer = _head(registries, image, login)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotLooked(f"the registry {image.registry} does not answer ({error or type(error).__name__})") from None
    if answer.status_code == 200:
        return str(answer.headers.get("Docker-Content-Digest", "there"))[:19] + (f", as {login.user}" if login else "")
    if answer.status_code in (401, 403) and login:
        raise Wrong(
            f"{text}: {image.registry} refuses {login.user} ({answer.status_code}); correct mech:images.registryUser and "
            "the secret mech:REGISTRY_TOKEN, and let that user read the image"
        )
    if answer.status_code in (401, 403):
        raise Wrong(
            f"{text} is private or not there ({image.registry} answers {answer.status_code}); make it public, or set "
            "mech:images.registryUser and the secret mech:REGISTRY_TOKEN (pulumi config set --secret mech:REGISTRY_TOKEN)"
        )
    if answer.status_code == 404:
        raise Wrong(
            f"{text}: {image.registry} has no {image.repository} with the tag {image.tag}; "
            "push it, or correct mech:images or the image's own key"
        )
    raise NotLooked(f"the registry {image.registry} answers {answer.status_code} for {text}; try again later")


def _head(registries: httpx.Client, image: Reference, login: Login | None) -> httpx.Response:
    url = f"https://{image.server}/v2/{image.repository}/manifests/{image.tag}"
    answer = registries.head(url, headers={"Accept": _MANIFESTS})
    kind, _, challenge = answer.headers.get("WWW-Authenticate", "").partition(" ")
    if answer.status_code != 401:
        return answer
    basic = httpx.BasicAuth(login.user, login.password) if login else None
    if kind.lower() == "basic" and basic:
        return registries.head(url, headers={"Accept": _MANIFESTS}, auth=basic)
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = asked.pop("realm", "")
    # Only where nobody listens in: the password goes there.
    if kind.lower() != "bearer" or not realm.startswith("https://"):
        return answer
    asked.setdefault("scope", f"repository:{image.repository}:pull")
    given = registries.get(realm, params={k: asked[k] for k in ("service", "scope") if k in asked}, auth=basic)
    if given.status_code in (401, 403):
        return given
    try:
        found = given.json()
        token = found.get("token") or found.get("access_token")
    except (ValueError, AttributeError):
        token = None
    if not token:
        raise NotLooked(f"the registry {image.registry} gives out no token at {realm}")
    return registries.head(url, headers={"Accept": _MANIFESTS, "Authorization": f"Bearer {token}"})
