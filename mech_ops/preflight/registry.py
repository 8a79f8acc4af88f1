"""Asks image registries whether a host could pull: the manifest's HEAD, with the token that a registry asks for first.

Source: the OCI distribution specification; Docker's "Token authentication specification"; names: distribution/reference.
"""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass

import httpx

from mech_infra import registry
from mech_infra.registry import Login
from mech_ops.errors import OpsError
from mech_ops.preflight.checks import REQUEST_S, NotLooked, Wrong

_HUBS = ("docker.io", "index.docker.io", registry.HUB)
_MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1", "docker.distribution.manifest.list.v2", "oci.image.manifest.v1",
        "docker.distribution.manifest.v2",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """An image as Docker reads its name: where it is asked for, repository there, tag or digest."""

    host: str
    repository: str
    tag: str


def reference(text: str) -> Reference:
    """Docker's rules: no host means Docker Hub, a single name there means library/, no tag means latest."""
    name, _, digest = text.partition("@")
    host = registry.host(name)
    path = name.removeprefix(f"{host}/")
    tag = ""
    if ":" in path.rpartition("/")[2]:
        path, _, tag = path.rpartition(":")
    if host in _HUBS:
        host, path = registry.HUB, path if "/" in path else f"library/{path}"
    return Reference(host, path, digest or tag or "latest")


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


def pull(registries: httpx.Client, text: str, login: Login | None = None) -> str:
    """What would be pulled, the registry of `login` being told who asks. Raises Wrong, NotLooked."""
    image = reference(text)
    mine = login if login and login.host == image.host else None
    try:
        answer = _head(registries, image, mine)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotLooked(f"the registry {image.host} does not answer ({error or type(error).__name__})") from None
    if answer.status_code == 200:
        return str(answer.headers.get("Docker-Content-Digest", "there"))[:19] + (f", as {mine.user}" if mine else "")
    if answer.status_code in (401, 403):
        raise Wrong(registry.refusal(text, login))
    if answer.status_code == 404:
        raise Wrong(
            f"{text}: {image.host} has no {image.repository} with the tag {image.tag}; "
            "push it, or correct mech:images or the image's own key"
        )
    raise NotLooked(f"the registry {image.host} answers {answer.status_code} for {text}; try again later")


def _head(registries: httpx.Client, image: Reference, login: Login | None) -> httpx.Response:
    url = f"https://{image.host}/v2/{image.repository}/manifests/{image.tag}"
    answer = registries.head(url, headers={"Accept": _MANIFESTS})
    kind, _, challenge = answer.headers.get("WWW-Authenticate", "").partition(" ")
    if answer.status_code != 401:
        return answer
    basic = httpx.BasicAuth(login.user, login.token) if login else None
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
        raise NotLooked(f"the registry {image.host} gives out no token at {realm}")
    return registries.head(url, headers={"Accept": _MANIFESTS, "Authorization": f"Bearer {token}"})
