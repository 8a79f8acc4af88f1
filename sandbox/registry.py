"""A read-only image registry (Docker Registry HTTP API v2): docker.io and ghcr.io as the hosts' dockerd sees them.

To every image one small layer is added when it is served: the sandbox's CA, which belongs to a sandbox and not to
the cache. Who may pull: registry_auth.py. What is covered and what is not: sandbox/PARITY.md.
Source of paths, headers and error codes: the OCI distribution specification and Docker's Registry HTTP API v2.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from aiohttp import web

from sandbox import images, pki
from sandbox.images.layers import Tree, digest, pack
from sandbox.registry_auth import VERSION, Gate, error, host_of
from sandbox.settings import Settings

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
# Which names a registry has; any other Host (curl on a loopback port) sees all.
_OWNS = {"registry-1.docker.io": "library/", "ghcr.io": "mech-is/"}


class Registry:
    def __init__(self, settings: Settings) -> None:
        self._folder = images.folder(settings)
        self._blobs: dict[str, bytes] = {}
        self._manifests: dict[str, dict[str, bytes]] = {}  # repository: {tag or digest: manifest}
        self._tags: dict[str, list[str]] = {}
        self._contents: dict[str, set[str]] = {}  # repository: digests of its blobs
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
        blobs = {layer["digest"] for layer in (*entry["layers"], extra)} | {digest(text)}
        self._contents.setdefault(repository, set()).update(blobs)

    async def ping(self, request: web.Request) -> web.Response:
        return web.json_response({}, headers=VERSION)

    async def manifest(self, request: web.Request) -> web.Response:
        name, reference = request.match_info["name"], request.match_info["reference"]
        if not self._has(request, name):
            return _unknown(name)
        found = self._manifests[name].get(reference)
        if found is None:
            return error(404, "MANIFEST_UNKNOWN", "manifest unknown", {"Tag": reference})
        wanted = digest(found)
        headers = {**VERSION, "Docker-Content-Digest": wanted, "ETag": f'"{wanted}"'}
        return web.Response(body=found, content_type=_MANIFEST, headers=headers)

    async def blob(self, request: web.Request) -> web.StreamResponse:
        name, wanted = request.match_info["name"], request.match_info["digest"]
        if not self._has(request, name):
            return _unknown(name)
        # Only digests of this repository, which are ours: nothing of the request becomes a path.
        if wanted not in self._contents[name]:
            return error(404, "BLOB_UNKNOWN", "blob unknown to registry", wanted)
        headers = {**VERSION, "Docker-Content-Digest": wanted, "Content-Type": "application/octet-stream"}
        if wanted in self._blobs:
            return _part(request, self._blobs[wanted], headers)
        return web.FileResponse(self._folder / "blobs" / wanted.replace(":", "-"), headers=headers)

    async def tags(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if not self._has(request, name):
            return _unknown(name)
        return web.json_response({"name": name, "tags": sorted(self._tags[name])}, headers=VERSION)

    async def refuse(self, request: web.Request) -> web.Response:
        if request.method in ("GET", "HEAD"):
            return web.Response(status=404, text="404 page not found\n", headers=VERSION)
        return error(405, "UNSUPPORTED", "The operation is unsupported.", "this registry is read-only")

    def _has(self, request: web.Request, name: str) -> bool:
        return name in self._manifests and name.startswith(_OWNS.get(host_of(request), ""))


def _unknown(name: str) -> web.Response:
    return error(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": name})


def _part(request: web.Request, data: bytes, headers: dict[str, str]) -> web.Response:
    """All of `data`, or the range that the request wants (dockerd resumes a pull that broke off with one)."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    try:
        wanted = request.http_range
    except ValueError:  # not a byte range: RFC 9110 lets a server pass over it
        return web.Response(body=data, headers=headers)
    if wanted.start is None and wanted.stop is None:
        return web.Response(body=data, headers=headers)
    start, stop, _ = wanted.indices(len(data))
    if start >= stop:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
    return web.Response(status=206, body=data[start:stop], headers=headers)


def registry_app(settings: Settings) -> web.Application:
    """The registry over the cached images. Raises FileNotFoundError before `sandbox.images.build`."""
    registry = Registry(settings)
    app = web.Application(middlewares=[Gate(settings).middleware])
    app.router.add_get("/v2/", registry.ping)
    app.router.add_get("/v2/{name:.+}/manifests/{reference}", registry.manifest)
    app.router.add_get("/v2/{name:.+}/blobs/{digest}", registry.blob)
    app.router.add_get("/v2/{name:.+}/tags/list", registry.tags)
    app.router.add_route("*", "/{path:.*}", registry.refuse)
    return app
