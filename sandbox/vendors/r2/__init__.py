"""Cloudflare R2: an S3 store that keeps objects on disk, as far as restic and the storage service use it.

Facts, from Cloudflare's documentation (developers.cloudflare.com/r2: api/tokens, api/error-codes, api/s3/api,
buckets/bucket-locks) unless said otherwise:

* A token is Admin or Object, Read & Write or Read only; an Object token can be scoped to buckets, not to prefixes, and
  whoever may write may delete. As an S3 key its id is the access key, its value's SHA-256 the secret. Only Admin makes
  buckets and changes their rules.
* There is no object lock of S3's (`?object-lock` is not implemented). A *bucket lock* is a list of up to 1000 rules by
  prefix: age, date or for ever; the longest one counts. What is locked can be neither deleted nor overwritten by
  anybody: 403 ObjectLockedByBucketPolicy. New objects can be made. Set by PUT /accounts/ID/r2/buckets/NAME/lock
  (`sandbox.cloud.cloudflare.buckets`).
* The region is `auto`; others are refused. Streaming signatures are not implemented (501; cloudflare-docs#6133): over
  TLS clients send UNSIGNED-PAYLOAD, so that a client has to use TLS here, too.
* Of a multipart upload all parts but the last have one size, of at least 5 MiB.
* A bucket has no limit, so that R2 is never full.

Not here: presigned URLs, copies, user's metadata, tags, CORS, lifecycle, checksums but MD5 and SHA-256, expiry of
uploads that nobody completes, the limit of one write a second for one key. What a bucket's location reads was not seen.
"""

from sandbox.vendors.r2.front import R2
from sandbox.vendors.r2.keys import keys

__all__ = ["R2", "keys"]
