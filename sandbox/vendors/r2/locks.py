"""Bucket lock rules: what may be neither deleted nor overwritten, by whoever asks, and until when."""

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
