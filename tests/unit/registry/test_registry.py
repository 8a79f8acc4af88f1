"""The registry as dockerd meets it: a pull step by step, ranges, and what it says to mistakes."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from sandbox import registry
from sandbox.settings import Settings

HUB, GHCR = {"Host": "registry-1.docker.io"}, {"Host": "ghcr.io"}


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(registry.registry_app(settings))) as client:
        yield client


def _ask(settings: Settings, use: Callable[[TestClient[Any, Any]], Awaitable[None]]) -> None:
    async def go() -> None:
        async with _client(settings) as client:
            await use(client)

    asyncio.run(go())


def _sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_a_pull_gets_what_the_digests_promise(settings: Settings) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        ping = await client.get("/v2/", headers=HUB)
        assert ping.status == 200
        assert ping.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
        head = await client.head("/v2/library/redis/manifests/alpine", headers=HUB)
        assert head.status == 200
        wanted = head.headers["Docker-Content-Digest"]
        answer = await client.get(f"/v2/library/redis/manifests/{wanted}", headers=HUB)
        body = await answer.read()
        assert _sha(body) == wanted
        assert head.headers["Content-Length"] == str(len(body))
        assert answer.headers["Content-Type"] == "application/vnd.docker.distribution.manifest.v2+json"
        manifest = json.loads(body)
        blobs = {}
        for part in [manifest["config"], *manifest["layers"]]:
            blob = await (await client.get(f"/v2/library/redis/blobs/{part['digest']}", headers=HUB)).read()
            assert (_sha(blob), len(blob)) == (part["digest"], part["size"])
            blobs[part["digest"]] = blob
        config = json.loads(blobs[manifest["config"]["digest"]])
        layers = [gzip.decompress(blobs[layer["digest"]]) for layer in manifest["layers"]]
        # dockerd refuses a layer whose content has another hash than the configuration says.
        assert config["rootfs"]["diff_ids"] == [_sha(layer) for layer in layers]
        assert len(config["history"]) == len(layers)
        assert config["config"]["Cmd"] == ["redis-server"]

    _ask(settings, use)


def test_images_trust_the_sandbox_that_serves_them(settings: Settings) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        manifest = await (await client.get("/v2/mech-is/mech-queue/manifests/1.0.0", headers=GHCR)).json(
            content_type=None
        )
        last = manifest["layers"][-1]["digest"]
        blob = await (await client.get(f"/v2/mech-is/mech-queue/blobs/{last}", headers=GHCR)).read()
        with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
            bundle = archive.extractfile("etc/ssl/certs/ca-certificates.crt")
            assert bundle is not None
            assert (settings.pki / "ca.crt").read_bytes() in bundle.read()

    _ask(settings, use)


@pytest.mark.parametrize("which", [0, 1], ids=["a layer on disk", "the layer made when served"])
def test_a_broken_off_pull_goes_on_where_it_was(settings: Settings, which: int) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        manifest = await (await client.get("/v2/library/redis/manifests/alpine")).json(content_type=None)
        path = f"/v2/library/redis/blobs/{manifest['layers'][which]['digest']}"
        whole = await (await client.get(path)).read()
        rest = await client.get(path, headers={"Range": "bytes=10-"})
        assert (rest.status, await rest.read()) == (206, whole[10:])
        assert rest.headers["Content-Range"] == f"bytes 10-{len(whole) - 1}/{len(whole)}"
        part = await client.get(path, headers={"Range": "bytes=3-5"})
        assert await part.read() == whole[3:6]
        assert (await client.get(path, headers={"Range": f"bytes={len(whole)}-"})).status == 416
        head = await client.head(path)
        assert (head.status, head.headers["Content-Length"]) == (200, str(len(whole)))

    _ask(settings, use)


@pytest.mark.parametrize(
    ("host", "path", "code"),
    [
        (HUB, "library/redis/manifests/9", "MANIFEST_UNKNOWN"),
        (HUB, f"library/redis/manifests/sha256:{'0' * 64}", "MANIFEST_UNKNOWN"),
        (HUB, "library/nginx/manifests/latest", "NAME_UNKNOWN"),
        (HUB, "library/nginx/tags/list", "NAME_UNKNOWN"),
        (HUB, f"library/redis/blobs/sha256:{'0' * 64}", "BLOB_UNKNOWN"),
        (HUB, "library/redis/blobs/sha256:..%2F..%2Findex.json", "BLOB_UNKNOWN"),
        (GHCR, "library/redis/manifests/alpine", "NAME_UNKNOWN"),
        (HUB, "mech-is/mech-queue/manifests/1.0.0", "NAME_UNKNOWN"),
    ],
)
def test_what_is_not_there_is_refused_in_the_apis_words(
    settings: Settings, host: dict[str, str], path: str, code: str
) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        answer = await client.get(f"/v2/{path}", headers=host)
        assert answer.status == 404
        assert [error["code"] for error in (await answer.json())["errors"]] == [code]

    _ask(settings, use)


def test_tags_are_listed_and_pushes_refused(settings: Settings) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        tags = await client.get("/v2/library/redis/tags/list", headers=HUB)
        assert await tags.json() == {"name": "library/redis", "tags": ["alpine", "latest"]}
        push = await client.post("/v2/library/redis/blobs/uploads/", headers=HUB)
        assert push.status == 405
        assert (await push.json())["errors"][0]["code"] == "UNSUPPORTED"

    _ask(settings, use)


def test_a_blob_is_found_only_in_its_repository(settings: Settings) -> None:
    async def use(client: TestClient[Any, Any]) -> None:
        manifest = await (await client.get("/v2/mech-is/mech-queue/manifests/1.0.0")).json(content_type=None)
        foreign = manifest["config"]["digest"]
        assert (await client.get(f"/v2/library/redis/blobs/{foreign}")).status == 404

    _ask(settings, use)
