"""Private images: the two keys of the config, who is shown the token, and what a refusal is told as."""

from __future__ import annotations

import json

import pytest

from mech_infra import registry
from mech_infra.config import ConfigError, load

from .conftest import Declare, raw_config

TOKEN = "ghp_registry0000000000000000000000000001"
LOGIN = registry.Login("ghcr.io", "mech", TOKEN)
# As dockerd 20.10 answers, in the official plugin's frame.
FRAME = (
    "Unable to read Docker image into resource: unable to pull image {0}: error pulling image {0}: "
    "Error response from daemon: {1}"
)
HEAD = 'Head "https://ghcr.io/v2/mech-is/mech-llms/manifests/1.0.0": '
IMAGE = "ghcr.io/mech-is/mech-llms:1.0.0"


@pytest.mark.parametrize(
    ("sections", "secrets", "says"),
    [
        (
            {"images": {"registryUser": "mech"}},
            {},
            "mech:images.registryUser is 'mech' but mech:REGISTRY_TOKEN is missing",
        ),
        ({}, {"REGISTRY_TOKEN": TOKEN}, "mech:REGISTRY_TOKEN is set but mech:images.registryUser is missing"),
        (
            {"images": {"registryUser": "mech"}},
            {"REGISTRY_TOKEN": "changeme"},
            "mech:REGISTRY_TOKEN is empty or a placeholder",
        ),
        ({"images": {"registryUser": "a:b"}}, {"REGISTRY_TOKEN": TOKEN}, "mech:images.registryUser: 'a:b'"),
    ],
)
def test_one_key_without_the_other_is_one_sentence(
    sections: dict[str, object], secrets: dict[str, str], says: str
) -> None:
    raw, marked = raw_config(sections, secrets)
    with pytest.raises(ConfigError) as caught:
        load(raw, marked)
    assert str(caught.value).count("\n  - ") == 1 and says in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_token_in_plain_text_is_refused() -> None:
    raw, marked = raw_config({"images": {"registryUser": "mech"}}, {"REGISTRY_TOKEN": TOKEN})
    assert load(raw, marked).secrets["REGISTRY_TOKEN"] == TOKEN
    with pytest.raises(ConfigError, match="mech:REGISTRY_TOKEN stands in plain text"):
        load(raw, [key for key in marked if key != "mech:REGISTRY_TOKEN"])


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("redis:alpine", "registry-1.docker.io"),
        ("mechis/mech-llms:1", "registry-1.docker.io"),
        ("docker.io/mechis/mech-llms:1", "docker.io"),
        ("ghcr.io/mech-is/mech-llms@sha256:0", "ghcr.io"),
        ("localhost/x", "localhost"),
        ("registry:5000/x", "registry:5000"),
    ],
)
def test_whose_an_image_is(image: str, host: str) -> None:
    assert registry.host(image) == host


def test_the_token_goes_to_the_services_registry_and_is_a_secret(declare: Declare) -> None:
    images = {"registry": "registry.example/team", "registryUser": "mech"}
    recorder = declare({"images": images}, {"REGISTRY_TOKEN": TOKEN})
    provider = recorder.resources["docker"].inputs["registryAuth"]
    assert set(provider) == {"4dabf18193072939515e22adb298388d", "value"}
    assert json.loads(provider["value"]) == [
        {"address": "https://registry.example", "username": "mech", "password": TOKEN}
    ]
    told = [str(args.inputs) for name, args in recorder.resources.items() if name != "docker"]
    assert not [text for text in told if TOKEN in text]


def test_public_images_need_no_login(declare: Declare) -> None:
    assert "registryAuth" not in declare().resources["docker"].inputs


@pytest.mark.parametrize(
    "answer",
    [
        f"{HEAD}unauthorized",
        f"{HEAD}denied: denied",
        "pull access denied for mechis/x, repository does not exist or may require 'docker login': denied: requested "
        "access to the resource is denied",
        f"{HEAD}no basic auth credentials",
        f"{HEAD}unexpected status code 403 Forbidden",
        "error from registry: denied",
    ],
)
def test_a_refusal_names_image_registry_and_both_keys(answer: str) -> None:
    for login in (None, LOGIN):
        said = registry.explain(IMAGE, FRAME.format(IMAGE, answer), login)
        assert said and "\n" not in said
        for part in (IMAGE, "registry ghcr.io", "mech:images.registryUser", "mech:REGISTRY_TOKEN"):
            assert part in said
        assert TOKEN not in said


def test_an_image_from_elsewhere_is_not_the_tokens_affair() -> None:
    said = registry.explain("other.io/x:1", FRAME.format("other.io/x:1", "denied"), LOGIN)
    assert said and "registry other.io" in said and "for ghcr.io only" in said


def test_an_image_that_nobody_pushed_is_said() -> None:
    error = FRAME.format(IMAGE, "manifest for ghcr.io/mech-is/mech-llms:1.0.0 not found: manifest unknown")
    said = registry.explain(IMAGE, error, None)
    assert said is not None and f"image {IMAGE}: the registry ghcr.io has no such image" in said and "Next:" in said


@pytest.mark.parametrize(
    "error",
    [
        FRAME.format(IMAGE, 'Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host'),
        "unable to list Docker images: error during connect: root@192.0.2.1: Permission denied (publickey).",
        f"error pulling image {IMAGE}: error during connect: ssh: Permission denied (publickey)",
        f"unable to find or pull image {IMAGE}",
    ],
)
def test_what_is_no_refusal_keeps_the_plugins_words(error: str) -> None:
    assert registry.explain(IMAGE, error, LOGIN) is None
    assert registry.explain(IMAGE, error, None) is None


def test_printing_a_login_shows_no_token() -> None:
    assert TOKEN not in repr(LOGIN)
