"""Bucket lock rules: what may be neither deleted nor overwritten, by whoever asks, and until when.

For a repository of restic these are rules on data/, snapshots/, keys/ and config (measured with 0.14.0):
locks/ is deleted by every run, and a prune rewrites index/ and fails where it cannot delete the old ones; a lost index
is made again from data/ (`rebuild-index`). `forget` fails at a snapshot that is locked; a prune leaves a pack that is
locked, ends well, and takes it the next time.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable

from sandbox.cloud.store import Json
from sandbox.vendors.r2.errors import S3Error
from sandbox.vendors.r2.objects import Entry


def until(rules: Iterable[Json], key: str, modified: float) -> float:
    """Until when the object is kept, in seconds of the epoch: the longest of the rules for its prefix, 0 without one."""
    return max((_end(rule["condition"], modified) for rule in rules if _covers(rule, key)), default=0.0)


def check(rules: Iterable[Json], entry: Entry | None, now: float) -> None:
    """Raises S3Error where `entry` is there and may not be changed yet."""
    if entry and until(rules, entry.key, entry.modified) > now:
        raise S3Error(403, "ObjectLockedByBucketPolicy", "The object is locked by the bucket policy.")


def _covers(rule: Json, key: str) -> bool:
    return bool(rule.get("enabled")) and key.startswith(rule.get("prefix") or "")


def _end(condition: Json, modified: float) -> float:
    if condition["type"] == "Age":
        return modified + float(condition["maxAgeSeconds"])
    if condition["type"] == "Date":
        return dt.datetime.fromisoformat(condition["date"]).timestamp()
    return math.inf
