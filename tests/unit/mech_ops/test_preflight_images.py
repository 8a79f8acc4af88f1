"""Whether a host could pull an image: names as Docker reads them, and the registry's token dance."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from mech_infra.config.platform import PlatformConfig
from mech_infra.registry import Login
from mech_ops.errors import OpsError
from mech_ops.preflight import look, registry
from mech_ops.preflight.checks import NotLooked, Wrong

NAMES = {
    "redis:alpine": ("registry-1.docker.io", "library/redis", "alpine"),
    "mongo": ("registry-1.docker.io", "library/mongo", "latest"),
    "mech/queue:1": ("registry-1.docker.io", "mech/queue", "1"),
    "docker.io/redis": ("registry-1.docker.io", "library/redis", "latest"),
    "index.docker.io/a/b:1": ("registry-1.docker.io", "a/b", "1"),
    "ghcr.io/mech-is/mech-queue:1.0.0": ("ghcr.io", "mech-is/mech-queue", "1.0.0"),
    "localhost:5000/a": ("localhost:5000", "a", "latest"),
    "ghcr.io/a/b@sha256:abc": ("ghcr.io", "a/b", "sha256:abc"),
    "ghcr.io/a/b:1@sha256:abc": ("ghcr.io", "a/b", "sha256:abc"),
}
IMAGE = "ghcr.io/mech-is/mech-queue:1.0.0"
PATH = "/v2/mech-is/mech-queue/manifests/1.0.0"
CHALLENGE = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:mech-is/mech-queue:pull"'
LOGIN = Login("ghcr.io", "robot", "s3cret")
Handle = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MECH_REGISTRY_PROXY", "MECH_REGISTRY_CA"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", list(NAMES))
def test_names(name: str) -> None:
    found = registry.reference(name)
    assert (found.host, found.repository, found.tag) == NAMES[name]


def pull(handle: Handle, login: Login | None = None, image: str = IMAGE) -> str:
    return registry.pull(registry.client(httpx.MockTransport(handle)), image, login)


def private(given: int = 200) -> Handle:
    """A registry that lets nobody in but robot; it gives a token to everybody, or refuses strangers with `given`."""

    def handle(request: httpx.Request) -> httpx.Response:
        said = request.headers.get("Authorization", "")
        robot = base64.b64encode(b"robot:s3cret").decode()
        if request.url.path == "/token":
            assert request.url.params["scope"] == "repository:mech-is/mech-queue:pull"
            known = said == f"Basic {robot}"
            return httpx.Response(200 if known else given, json={"token": "good" if known else "stranger"})
        assert (request.method, request.url.path) == ("HEAD", PATH)
        if said == "Bearer good":
            return httpx.Response(200, headers={"Docker-Content-Digest": "sha256:0123456789abcdef"})
        return httpx.Response(401, headers={"WWW-Authenticate": CHALLENGE})

    return handle


def answers(status: int, headers: dict[str, str] | None = None) -> Handle:
    return lambda request: httpx.Response(status, headers=headers)


def test_a_public_image_with_and_without_a_token() -> None:
    assert pull(answers(200, {"Docker-Content-Digest": "sha256:0123456789abcdef"})) == "sha256:0123456789ab"

    def anonymous(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            assert "Authorization" not in request.headers
            return httpx.Response(200, json={"access_token": "t"})
        if request.headers.get("Authorization") == "Bearer t":
            return httpx.Response(200)
        return httpx.Response(401, headers={"WWW-Authenticate": CHALLENGE})

    assert pull(anonymous)


def test_a_private_image_with_its_user() -> None:
    assert pull(private(), LOGIN).endswith(", as robot")

    def basic(request: httpx.Request) -> httpx.Response:
        known = request.headers.get("Authorization", "").startswith("Basic ")
        return httpx.Response(200 if known else 401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    assert pull(basic, LOGIN).endswith(", as robot")


@pytest.mark.parametrize("given", [200, 401, 403])
def test_a_private_image_without_a_user(given: int) -> None:
    with pytest.raises(Wrong, match=r"refuses a client that does not say who it is .*: set mech:images\.registryUser"):
        pull(private(given))


def test_a_user_whom_the_registry_refuses() -> None:
    with pytest.raises(
        Wrong, match=r"ghcr\.io refuses mech:images\.registryUser robot with mech:REGISTRY_TOKEN"
    ) as caught:
        pull(private(), Login("ghcr.io", "robot", "wr0ng"))
    assert "wr0ng" not in str(caught.value)


def test_an_image_that_is_not_there() -> None:
    with pytest.raises(Wrong, match=r"ghcr\.io has no mech-is/mech-queue with the tag 1\.0\.0; push it, or correct"):
        pull(answers(404))


def test_a_password_goes_only_where_nobody_listens() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        return httpx.Response(401, headers={"WWW-Authenticate": 'Bearer realm="http://ghcr.io/token"'})

    with pytest.raises(Wrong, match="refuses mech:images.registryUser robot"):
        pull(handle, LOGIN)


def test_a_token_that_cannot_be_read_leaves_its_registry_unseen() -> None:
    platform = PlatformConfig.model_validate({"images": {"registryUser": "robot"}})
    checks = {check.what: check for check in look.images(platform, {}).checks}
    with pytest.raises(NotLooked, match="mech:REGISTRY_TOKEN cannot be read"):
        checks[IMAGE].look()


def test_another_registry_is_not_given_the_user() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert "Authorization" not in request.headers
        return httpx.Response(200)

    assert "robot" not in pull(handle, LOGIN, "redis:alpine")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_that_is_out_of_order_is_not_looked_at(status: int) -> None:
    with pytest.raises(NotLooked, match=f"answers {status}"):
        pull(answers(status))


def test_a_registry_that_does_not_answer_is_not_looked_at() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("timed out")

    with pytest.raises(NotLooked, match=r"the registry ghcr\.io does not answer \(timed out\)"):
        pull(handle)

    def no_token(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, text="<html>")
        return httpx.Response(401, headers={"WWW-Authenticate": CHALLENGE})

    with pytest.raises(NotLooked, match="gives out no token at https://ghcr.io/token"):
        pull(no_token)


def test_a_ca_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MECH_REGISTRY_CA", str(tmp_path / "none.crt"))
    with pytest.raises(OpsError, match="MECH_REGISTRY_CA or MECH_REGISTRY_PROXY cannot be used"):
        registry.client()
