"""ListObjects and ListObjectsV2: pages of a bucket's keys."""

from __future__ import annotations

import base64
import datetime as dt
from urllib.parse import quote
from xml.sax.saxutils import escape

from aiohttp import web

from sandbox.vendors.r2.errors import S3Error, xml
from sandbox.vendors.r2.objects import Entry, Objects

_MOST = 1000


def answer(request: web.Request, objects: Objects, bucket: str) -> web.Response:
    """The page that the request asks for, in the version that it asks for."""
    query, second = request.query, request.query.get("list-type") == "2"
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    try:
        limit = min(int(query.get("max-keys", _MOST)), _MOST)
        token = base64.urlsafe_b64decode(query.get("continuation-token", "")).decode()
    except ValueError:
        raise S3Error(400, "InvalidArgument", "max-keys or continuation-token") from None
    after = (token or query.get("start-after", "")) if second else query.get("marker", "")
    page = objects.page(bucket, prefix, delimiter, after, limit)

    def say(name: str, value: str) -> str:
        return f"<{name}>{escape(quote(value) if query.get('encoding-type') == 'url' else value)}</{name}>"

    def item(entry: Entry) -> str:
        at = dt.datetime.fromtimestamp(entry.modified, dt.UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        return (
            f"<Contents>{say('Key', entry.key)}<LastModified>{at}</LastModified><ETag>&quot;{entry.etag}&quot;</ETag>"
            f"<Size>{entry.size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        )

    words = [f"<Name>{bucket}</Name>", say("Prefix", prefix), f"<MaxKeys>{limit}</MaxKeys>"]
    words += [say("Delimiter", delimiter)] if delimiter else []
    words += [f"<EncodingType>{escape(query['encoding-type'])}</EncodingType>"] if "encoding-type" in query else []
    words.append(f"<IsTruncated>{'false' if page.after is None else 'true'}</IsTruncated>")
    if second:
        words.append(f"<KeyCount>{len(page.entries) + len(page.prefixes)}</KeyCount>")
        if page.after is not None:
            following = base64.urlsafe_b64encode(page.after.encode()).decode()
            words.append(f"<NextContinuationToken>{following}</NextContinuationToken>")
    else:
        words.append(say("Marker", after))
        words += [say("NextMarker", page.after)] if page.after is not None and delimiter else []
    words += [item(entry) for entry in page.entries]
    words += [f"<CommonPrefixes>{say('Prefix', each)}</CommonPrefixes>" for each in page.prefixes]
    return xml(f"<ListBucketResult>{''.join(words)}</ListBucketResult>")
