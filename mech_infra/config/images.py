"""Images: how they are named, and config of where the services' come from."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from mech_infra.config.types import Section, form, wrong

# Forms of Docker's references (distribution/reference, regexp.go); a tag has 128 characters at most.
_AN_IMAGE = "ghcr.io/mech-is/mech-llms:1.0.1"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_REPOSITORY = rf"(?:(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]{{1,5}})?|[A-Za-z0-9-]+:[0-9]{{1,5}}|localhost)/)?{_PART}(?:/{_PART})*"
_IMAGE = rf"{_REPOSITORY}(?::{_TAG})?(?:@sha256:[0-9a-f]{{64}})?"


def _tag_text(value: Any) -> Any:
    """A tag that YAML took for a number is refused: of 1.10 it made 1.1."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(
            f"{value} is a number without quotes, and 1.10 would be 1.1; write the tag in quotes, as '1.0.1'"
        )
    return value


# What history has of these is read though it may be wrong, so that the form is judged afterwards (config.across).
Tag = Annotated[str, BeforeValidator(_tag_text), form("a tag, in quotes", pattern=f"^{_TAG}$")]
Image = Annotated[str, form("an image with its tag", minLength=1)]
Registry = Annotated[str, form("a registry and owner", minLength=1)]


def tag(value: str) -> str | None:
    """What is wrong with a tag, as the end of a sentence; None when it is good."""
    if value.startswith("sha256:"):
        return "it is a digest, not a tag; name the whole image instead: image: REPOSITORY@sha256:…"
    if not re.fullmatch(_TAG, value):
        return f"{value!r} is not a tag of an image; write letters, digits, '.', '_' and '-' only, as '1.0.1'"
    return None


def image(value: str) -> str | None:
    """The same of a whole image reference."""
    if "://" in value:
        return f"{value!r} is an address; write the image without {value.partition('://')[0]}://"
    if not re.fullmatch(_IMAGE, value):
        return f"{value!r} is not an image that Docker can pull; write it in lower case with its tag, as {_AN_IMAGE}"
    return None


def registry(value: str) -> str | None:
    """The same of what stands before a service's image."""
    if "://" in value:
        return f"{value!r} is an address; write it without {value.partition('://')[0]}://, as ghcr.io/mech-is"
    if not re.fullmatch(_REPOSITORY, value):
        return (
            f"{value!r} is not a registry and owner, before which a service's image stands; write it in lower case without a "
            "tag and a slash at its end, as ghcr.io/mech-is"
        )
    return None


class ImagesConfig(Section):
    """Where the services' images come from."""

    registry: Registry = Field(
        "ghcr.io/mech-is",
        description="registry and owner of the services' images",
        examples=["registry.example.com/mech"],
        json_schema_extra=wrong(
            "An image that is not there: one sentence names it and the registry, and nothing is changed. `mech preflight` asks for "
            "every image before",
            "https://ghcr.io/mech-is",
            "ghcr.io/Mech-IS",
            "ghcr.io/mech-is/",
            "",
        ),
    )
    version: Tag = Field(
        "1.0.0",
        description="the tag of the services' images, in quotes",
        examples=["1.0.1"],
        json_schema_extra=wrong(
            "Without quotes 1.10 is the number 1.1, and refused. A tag that nobody pushed: nothing is changed",
            1.1,
            "v1.0/2",
            "sha256:0123",
            "",
        ),
    )
    registry_user: str | None = Field(
        None,
        description="who pulls them, where they are private; goes with the secret REGISTRY_TOKEN",
        examples=["mech-puller"],
        pattern=r"^[^\s:]+$",
        json_schema_extra=wrong(
            "Without REGISTRY_TOKEN (or that without this) it is refused",
            "mech-puller",
            "mech:puller",
            form="a name without spaces and colons",
        ),
    )
