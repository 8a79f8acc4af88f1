"""The origin's certificate."""

from __future__ import annotations

from collections.abc import Iterator

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look


@cause(
    "CERTIFICATE_BAD",
    "the origin's certificate is {there}",
    layer="certificate",
    visitor="526 with SSL mode strict",
    guide="Certificate Expiration",
    reads=(
        "drift.certificate",
        "edge.answers",
        "host.answers",
    ),
    fix="pulumi up",
    rules=(
        "certificate-names",
        "certificate-short",
    ),
)
def bad(look: Look) -> Iterator[Found]:
    for item in look.drift("certificate"):
        if not item.there.startswith("expires on"):
            harmed = {name for name in look.failing if look.views[name].edge.code in (525, 526)}
            yield Found(tuple(sorted(harmed)), {"there": item.there}, (f"{item.label}: {item.there}",))


@cause(
    "CERTIFICATE_EXPIRING",
    "the origin's certificate {there}",
    layer="certificate",
    visitor="nothing yet",
    guide="Certificate Expiration",
    reads=("drift.certificate",),
    fix="pulumi up",
    rules=("certificate-short",),
)
def expiring(look: Look) -> Iterator[Found]:
    for item in look.drift("certificate"):
        if item.there.startswith("expires on"):
            yield Found((), {"there": item.there}, (f"{item.label}: {item.there}",))


@cause(
    "CERTIFICATE_RENEWAL_OFF",
    "{label}: {there}: the certificate is not renewed",
    layer="certificate",
    visitor="nothing until it expires",
    guide="Certificate Expiration",
    reads=("drift.unit",),
    fix="pulumi up",
    rules=("certificate-not-renewed",),
)
def renewal_off(look: Look) -> Iterator[Found]:
    for item in look.drift("unit"):
        if "certificate" in item.label:
            yield Found((), {"label": item.label, "there": item.there})
