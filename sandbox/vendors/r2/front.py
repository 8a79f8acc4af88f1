"""The S3 API over HTTP: who asks, what for, and the answer."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape
from xml.sax.saxutils import unescape as plain

from aiohttp import web

from sandbox.cloud.store import Json, Store
from sandbox.vendors.r2 import errors, listing, locks, reading, signature
from sandbox.vendors.r2.body import kept
from sandbox.vendors.r2.errors import S3Error, no_such_operation, xml
from sandbox.vendors.r2.faults import Faults
from sandbox.vendors.r2.keys import Key
from sandbox.vendors.r2.objects import Objects
from sandbox.vendors.r2.uploads import Uploads

# What a client may ask of a bucket or an object that is not here: `?acl`, `?tagging` …
_NOT_HERE = ("acl", "cors", "lifecycle", "object-lock", "policy", "retention", "tagging", "uploads", "versioning")


class R2:
    """Objects are in `folder`; the buckets and their lock rules are records of the account, in `store`."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._store, self._objects = store, Objects(folder)
        self._uploads, self._incoming, self._count = Uploads(self._objects), folder / "incoming", 0
        shutil.rmtree(self._incoming, ignore_errors=True)  # of a daemon that was killed
        self._incoming.mkdir()

    def close(self) -> None:
        self._objects.close()

    async def handle(self, request: web.Request, keys: Sequence[Key], fault: dict[str, Any]) -> web.StreamResponse:
        """The answer to anybody. `keys`: of those who may ask; `fault`: see `faults`."""
        self._count += 1
        faults = Faults(fault, self._count)
        try:
            return await self._answer(request, {key.access: key for key in keys}, faults)
        except S3Error as no:
            return no.answer()

    async def _answer(self, request: web.Request, keys: dict[str, Key], faults: Faults) -> web.StreamResponse:
        faults.before()
        now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=faults.skew_s)
        secrets = {access: key.secret for access, key in keys.items()}
        access, payload = signature.verify(request, secrets, now)
        faults.after(request.method)
        bucket, _, key = unquote(request.url.raw_path).lstrip("/").partition("/")
        creates = request.method in ("PUT", "DELETE") and not key
        if creates or keys[access].bucket != bucket:  # to make buckets takes Admin Read & Write, which no key here has
            raise errors.no_right()
        record = self._store.get("bucket", bucket)
        if record is None:
            raise errors.no_bucket()
        if len(key.encode()) > 1024:
            raise S3Error(400, "InvalidObjectName", "The specified key is too long.")
        for name in _NOT_HERE:
            if name in request.query and (name, request.method) != ("uploads", "POST"):
                raise no_such_operation(f"?{name}")
        if not key:
            return await self._bucket(request, record, payload, faults, now.timestamp())
        return await self._object(request, record, key, payload, faults, now.timestamp())

    async def _bucket(
        self, request: web.Request, record: Json, payload: str, faults: Faults, now: float
    ) -> web.StreamResponse:
        if request.method == "POST" and "delete" in request.query:
            async with kept(request, self._incoming, payload, faults) as body:
                return self._delete_many(record, body.path.read_text(), now)
        if request.method == "HEAD":
            return web.Response()
        if request.method != "GET":
            raise S3Error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        if "location" in request.query:
            return xml(f"<LocationConstraint>{record['location']}</LocationConstraint>")
        return listing.answer(request, self._objects, record["name"])

    async def _object(
        self, request: web.Request, record: Json, key: str, payload: str, faults: Faults, now: float
    ) -> web.StreamResponse:
        bucket, upload = record["name"], "uploadId" in request.query
        match request.method:
            case "GET" | "HEAD" if not upload:
                entry = self._objects.get(bucket, key)
                if entry is None:
                    raise errors.no_key()
                return await reading.answer(request, entry, self._objects.path(entry), faults)
            case "POST" if "uploads" in request.query:
                return self._uploads.begin(request, bucket, key)
            case "DELETE" if upload:
                return self._uploads.abort(request, bucket, key)
            case "DELETE":
                self._delete(record, key, now)
                return web.Response(status=204)
            case "PUT" if "x-amz-copy-source" not in request.headers:
                return await self._put(request, record, key, payload, faults, now)
            case "POST" if upload:
                return await self._complete(request, record, key, payload, faults, now)
        raise no_such_operation(request.method)

    async def _put(
        self, request: web.Request, record: Json, key: str, payload: str, faults: Faults, now: float
    ) -> web.Response:
        bucket = record["name"]
        async with kept(request, self._incoming, payload, faults) as body:
            if "uploadId" in request.query:
                return self._uploads.put(request, bucket, key, body)
            old = self._objects.get(bucket, key)
            wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match", "")
            if (wanted and not reading.matches(wanted, old)) or reading.matches(unwanted, old):
                raise reading.unmet()
            locks.check(record["rules"], old, now)
            kind = request.headers.get("Content-Type", "application/octet-stream")
            self._objects.put(bucket, key, body.path, body.size, body.md5, kind, now)
            return web.Response(headers={"ETag": f'"{body.md5}"'})

    async def _complete(
        self, request: web.Request, record: Json, key: str, payload: str, faults: Faults, now: float
    ) -> web.Response:
        bucket = record["name"]
        async with kept(request, self._incoming, payload, faults) as body:
            said = body.path.read_text()
            etag, kind = await self._uploads.whole(request, bucket, key, said, body.path)
            locks.check(record["rules"], self._objects.get(bucket, key), now)
            self._objects.put(bucket, key, body.path, body.path.stat().st_size, etag, kind, now)
        self._objects.end(request.query["uploadId"])
        place = f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><ETag>&quot;{etag}&quot;</ETag>"
        return xml(f"<CompleteMultipartUploadResult>{place}</CompleteMultipartUploadResult>")

    def _delete(self, record: Json, key: str, now: float) -> None:
        locks.check(record["rules"], self._objects.get(record["name"], key), now)
        self._objects.delete(record["name"], key)

    def _delete_many(self, record: Json, said: str, now: float) -> web.Response:
        told = []
        for key in re.findall(r"<Key>(.*?)</Key>", said, re.S):
            name = f"<Key>{key}</Key>"
            try:
                self._delete(record, plain(key, {"&quot;": '"', "&apos;": "'"}), now)
                told.append(f"<Deleted>{name}</Deleted>")
            except S3Error as no:
                told.append(f"<Error>{name}<Code>{no.code}</Code><Message>{escape(no.text)}</Message></Error>")
        return xml(f"<DeleteResult>{''.join(told)}</DeleteResult>")
