"""Cloudflare R2: the S3 operations that the storage service uses, with Signature Version 4 really checked."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import tempfile
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from aiohttp import web

_AUTH = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>\w+)"
)
_SKEW = dt.timedelta(minutes=15)


class R2:
    """Objects are files in `folder`/BUCKET; a bucket exists as soon as it is named by an owner of the key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle(self, request: web.Request, access: str, secret: str, fault: dict[str, Any]) -> web.StreamResponse:
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".upload-") as spool:
            sha256, md5 = await _keep(request, spool)
            refused = check(request, sha256, access, secret)
            if refused:
                return refused
            if fault.get("denied"):
                return error(403, "AccessDenied", "Access Denied")
            return self._answer(request, Path(spool.name), md5)

    def _answer(self, request: web.Request, body: Path, md5: str) -> web.StreamResponse:
        bucket, _, key = unquote(request.url.raw_path).lstrip("/").partition("/")
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket):
            return error(404, "NoSuchBucket", "The specified bucket does not exist.")
        place = self._folder / bucket
        if not key:
            return self._bucket(request, place)
        return self._object(request, place / quote(key, safe=""), body, md5)

    def _bucket(self, request: web.Request, place: Path) -> web.Response:
        if request.method == "HEAD":
            return web.Response(status=200)
        if request.method != "GET":
            return error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        keys = sorted(unquote(path.name) for path in place.glob("*")) if place.exists() else []
        prefix = request.query.get("prefix", "")
        items = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys if key.startswith(prefix))
        text = f"<ListBucketResult><Name>{place.name}</Name><IsTruncated>false</IsTruncated>{items}</ListBucketResult>"
        return web.Response(text=text, content_type="application/xml")

    def _object(self, request: web.Request, path: Path, body: Path, md5: str) -> web.StreamResponse:
        if request.method == "PUT":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.hardlink_to(body)
            return web.Response(status=200, headers={"ETag": f'"{md5}"'})
        if request.method == "DELETE":
            path.unlink(missing_ok=True)
            return web.Response(status=204)
        if not path.exists():
            return error(404, "NoSuchKey", "The specified key does not exist.")
        return web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})


async def _keep(request: web.Request, spool: IO[bytes]) -> tuple[str, str]:
    """Writes the body to `spool` piece by piece, since the daemon has others to serve. Returns its SHA-256 and MD5."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    async for piece in request.content.iter_any():
        spool.write(piece)
        sha256.update(piece)
        md5.update(piece)
    spool.flush()
    return sha256.hexdigest(), md5.hexdigest()


def check(request: web.Request, sha256: str, access: str, secret: str) -> web.Response | None:
    """The refusal of a request that is not signed by the owner of `access`; None when it is. `sha256`: of its body."""
    said = _AUTH.fullmatch(request.headers.get("Authorization", ""))
    if not said:
        return error(400, "InvalidArgument", "Authorization")
    if said["key"] != access:
        return error(401, "Unauthorized", "Unauthorized")
    stamp = request.headers.get("X-Amz-Date", "")
    try:
        at = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        return error(400, "InvalidArgument", "X-Amz-Date")
    if abs(dt.datetime.now(dt.UTC) - at) > _SKEW:
        return error(
            403, "RequestTimeTooSkewed", "The difference between the request time and the server's time is too large."
        )
    payload = request.headers.get("X-Amz-Content-Sha256", "")
    if payload != "UNSIGNED-PAYLOAD" and payload != sha256:
        return error(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    names = said["headers"].split(";")
    values = {"host": request.host, **{name.lower(): value.strip() for name, value in request.headers.items()}}
    headers = "".join(f"{name}:{values.get(name, '')}\n" for name in names)
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in request.query.items())
    query = "&".join(f"{k}={v}" for k, v in pairs)
    path = quote(unquote(request.url.raw_path), safe="/-_.~")
    canonical = "\n".join([request.method, path, query, headers, said["headers"], payload])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, said["scope"], hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in said["scope"].split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature, said["signature"]):
        return error(403, "SignatureDoesNotMatch",
                     "The request signature we calculated does not match the signature you provided. Check your secret access key.")  # fmt: skip
    return None


def error(status: int, code: str, message: str) -> web.Response:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>'
    )
    return web.Response(status=status, text=text, content_type="application/xml")
