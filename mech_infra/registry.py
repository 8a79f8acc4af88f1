"""Whose images are private, who we are there, and what a registry's refusal means to the person who reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

TOKEN = "REGISTRY_TOKEN"  # noqa: S105 - the secret's name
HUB = "registry-1.docker.io"
_SET_TOKEN = f"pulumi config set --secret mech:{TOKEN}"
# The Docker plugin's words around the daemon's (terraform-provider-docker, resource_docker_image_funcs.go), and how
# registries refuse: the codes of the distribution specification, ECR's words, bare HTTP.
_REFUSED = re.compile(
    r"error pulling image .*Error response from daemon: .*"
    r"(\bdenied\b|\bunauthorized\b|authentication required|no basic auth credentials|\b40[13]\b)",
    re.DOTALL | re.IGNORECASE,
)
_NO_SUCH = re.compile(r"error pulling image .*Error response from daemon: .*(manifest unknown|not found)", re.DOTALL)


@dataclass(frozen=True)
class Login:
    """Who we are at one registry; no other registry is shown it."""

    host: str
    user: str
    token: str = field(repr=False)

    @property
    def address(self) -> str:
        """As pulumi-docker's registryAuth takes it; the plugin compares its host with that of each image."""
        return f"https://{self.host}"


def host(image: str) -> str:
    """The registry of an image reference; Docker Hub's when its first part is no host (Docker's own rule)."""
    first, slash, _ = image.partition("/")
    return first if slash and (set(first) & {".", ":"} or first == "localhost") else HUB


def login(prefix: str, user: str | None, secrets: Mapping[str, str]) -> Login | None:
    """Where the services' images are is where the credentials belong; None when the images are public."""
    return Login(host(f"{prefix}/image"), user, secrets[TOKEN]) if user else None


def explain(image: str, error: str, known: Login | None) -> str | None:
    """One sentence for a pull that the registry refused; None when something else went wrong."""
    if _REFUSED.search(error):
        return refusal(image, known)
    if _NO_SUCH.search(error):
        return (
            f"image {image}: the registry {host(image)} has no such image; nothing was changed. Next: see whether its "
            "build was pushed, or set mech:images.version or mech:services.NAME.version to one that was"
        )
    return None


def refusal(image: str, known: Login | None) -> str:
    """What a registry's no to this image means, and what to do next."""
    place = f"image {image}: the registry {host(image)} refuses"
    if known is None:
        return (
            f"{place} a client that does not say who it is (or has no such image): set mech:images.registryUser in the "
            f"stack's file and its token with {_SET_TOKEN}"
        )
    if known.host != host(image):
        return (
            f"{place} it: mech:images.registryUser and mech:{TOKEN} are for {known.host} only, where "
            "mech:images.registry is; take the image from there, or one that is public"
        )
    return (
        f"{place} mech:images.registryUser {known.user} with mech:{TOKEN} (or has no such image): "
        f"set a token that may read it with {_SET_TOKEN}"
    )


def mistakes(user: str | None, secrets: Mapping[str, str]) -> list[str]:
    """What is wrong with the two keys together: one without the other opens nothing."""
    if user and TOKEN not in secrets:
        return [
            f"mech:images.registryUser is {user!r} but mech:{TOKEN} is missing; set it: {_SET_TOKEN} "
            "(or remove registryUser where the images are public)"
        ]
    if TOKEN in secrets and not user:
        return [
            f"mech:{TOKEN} is set but mech:images.registryUser is missing; write whose token it is under mech:images, "
            f"or remove it: pulumi config rm mech:{TOKEN}"
        ]
    return []
