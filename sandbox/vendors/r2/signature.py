"""AWS Signature Version 4 in a request's headers (service s3), really checked. Presigned URLs are not covered."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from aiohttp import web

from sandbox.vendors.r2.errors import S3Error, no_such_operation

_AUTH = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>\d{8}/(?P<region>[^/]*)/s3/aws4_request), ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>\w+)"
)
_REGIONS = ("wnam", "enam", "weur", "eeur", "apac", "auto")
_ALIASES = ("", "us-east-1")  # of auto
_SKEW = dt.timedelta(minutes=15)
UNSIGNED = "UNSIGNED-PAYLOAD"


def verify(request: web.Request, secrets: Mapping[str, str], now: dt.datetime) -> tuple[str, str]:
    """Who signed (a key of `secrets`), and what the body's SHA-256 must be (or UNSIGNED). Raises S3Error."""
    said = _AUTH.fullmatch(request.headers.get("Authorization", ""))
    if not said:
        raise S3Error(400, "InvalidArgument", "Authorization")
    secret = secrets.get(said["key"])
    if not secret:
        raise S3Error(401, "Unauthorized", "Unauthorized")
    region = said["region"]
    if region.lower() not in (*_REGIONS, *_ALIASES):
        allowed = ", ".join(f"'{each}'" for each in _REGIONS)
        raise S3Error(400, "InvalidRegionName", f"The region name '{region}' is not valid. Must be one of: {allowed}")
    stamp, payload = request.headers.get("X-Amz-Date", ""), request.headers.get("X-Amz-Content-Sha256", "")
    try:
        at = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        raise S3Error(400, "InvalidArgument", "X-Amz-Date") from None
    if abs(now - at) > _SKEW:
        raise S3Error(
            403, "RequestTimeTooSkewed", "The difference between the request time and the server's time is too large."
        )
    if payload.startswith("STREAMING-"):
        raise no_such_operation(payload)
    signature = _sign(_canonical(request, said["headers"], payload), stamp, said["scope"], secret)
    if not hmac.compare_digest(signature, said["signature"]):
        raise S3Error(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your secret access key and signing method.",
        )
    return said["key"], payload


def _canonical(request: web.Request, signed: str, payload: str) -> str:
    values = {"host": request.host, **{name.lower(): value.strip() for name, value in request.headers.items()}}
    headers = "".join(f"{name}:{values.get(name, '')}\n" for name in signed.split(";"))
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in request.query.items())
    query = "&".join(f"{k}={v}" for k, v in pairs)
    path = quote(unquote(request.url.raw_path), safe="/-_.~")
    return "\n".join([request.method, path, query, headers, signed, payload])


def _sign(canonical: str, stamp: str, scope: str, secret: str) -> str:
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
