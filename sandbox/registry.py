"""A read-only image registry (Docker Registry HTTP API v2): docker.io and ghcr.io as the hosts' dockerd sees them.

To every image one small layer is added when it is served: the sandbox's CA, which belongs to a sandbox and not to
the cache. Covers: ping, manifests (HEAD, GET) by tag and digest, blobs with ranges, tags/list, the API's error bodies.
Does not cover: pushes, tokens (all is public), manifest lists.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from aiohttp import web

from sandbox import images, pki
from sandbox.images.layers import Tree, digest, pack
from sandbox.settings import Settings

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


class Registry:
    def __init__(self, settings: Settings) -> None:
        self._folder = images.folder(settings)
        self._blobs: dict[str, bytes] = {}
        self._manifests: dict[str, dict[str, bytes]] = {}  # repository: {tag or digest: manifest}
        self._tags: dict[str, list[str]] = {}
        pki.ensure(settings)
        trust = Tree()
        trust.add("/etc/ssl/certs/ca-certificates.crt", (settings.pki / "bundle.crt").read_bytes())
        layer = pack(trust)
        self._blobs[layer.digest] = layer.data
        extra = {"digest": layer.digest, "diff_id": layer.diff_id, "size": len(layer.data)}
        for name, entry in json.loads((self._folder / "index.json").read_text()).items():
            repository, _, tag = name.partition(":")
            self._add(repository, tag, entry, extra)

    def _add(self, repository: str, tag: str, entry: dict[str, Any], extra: dict[str, Any]) -> None:
        config = copy.deepcopy(entry["config"])
        config["rootfs"]["diff_ids"].append(extra["diff_id"])
        config["history"].append(config["history"][0])
        text = json.dumps(config, sort_keys=True).encode()
        self._blobs[digest(text)] = text
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "size": len(text), "digest": digest(text)},
            "layers": [{"mediaType": _LAYER, "size": layer["size"], "digest": layer["digest"]}
                       for layer in (*entry["layers"], extra)],
        }).encode()  # fmt: skip
        self._manifests.setdefault(repository, {})[tag] = manifest
        self._manifests[repository][digest(manifest)] = manifest
        self._tags.setdefault(repository, []).append(tag)

    async def ping(self, request: web.Request) -> web.Response:
        return web.json_response({}, headers=_VERSION)

    async def manifest(self, request: web.Request) -> web.Response:
        name, reference = request.match_info["name"], request.match_info["reference"]
        if name not in self._manifests:
            return _error(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": name})
        found = self._manifests[name].get(reference)
        if found is None:
            return _error(404, "MANIFEST_UNKNOWN", "manifest unknown", {"Tag": reference})
        return web.Response(
            body=found, content_type=_MANIFEST, headers={**_VERSION, "Docker-Content-Digest": digest(found)}
        )

    async def blob(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["digest"]
        headers = {**_VERSION, "Docker-Content-Digest": wanted, "Content-Type": "application/octet-stream"}
        if wanted in self._blobs:
            return web.Response(body=self._blobs[wanted], headers=headers)
        path = self._folder / "blobs" / wanted.replace(":", "-")
        if not wanted.startswith("sha256:") or "/" in wanted or not path.exists():
            return _error(404, "BLOB_UNKNOWN", "blob unknown to registry", wanted)
        return web.FileResponse(path, headers=headers)

    async def tags(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._tags:
            return _error(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": name})
        return web.json_response({"name": name, "tags": self._tags[name]}, headers=_VERSION)


_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


def _error(status: int, code: str, message: str, detail: object) -> web.Response:
    return web.json_response({"errors": [{"code": code, "message": message, "detail": detail}]}, status=status)


def registry_app(settings: Settings) -> web.Application:
    """The registry over the cached images. Raises FileNotFoundError before `sandbox.images.build`."""
    registry = Registry(settings)
    app = web.Application()
    app.router.add_get("/v2/", registry.ping)
    app.router.add_get("/v2/{name:.+}/manifests/{reference}", registry.manifest)
    app.router.add_get("/v2/{name:.+}/blobs/{digest}", registry.blob)
    app.router.add_get("/v2/{name:.+}/tags/list", registry.tags)
    return app
