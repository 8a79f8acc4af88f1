"""Plugins: what the official ones read back in another form than it was declared, so that every preview shows a change."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mech_infra.readback import cpus_text
from policies.family import Family
from policies.model import CONTAINER, RECORD, Resource
from policies.reading.containers import container_name

rule = Family("plugins")
_MOST_CPUS = 1024


def _as_read(props: dict[str, Any]) -> dict[str, Any]:
    return {**props, "cpus": cpus_text(float(props["cpus"]))}


@rule.each(
    CONTAINER,
    "plugins-cpus-text",
    title="cpus as Docker's plugin reads it back",
    symptom="the container is replaced at every `pulumi up`, though nothing was changed",
    fix='write whole numbers as "1.0"',
    severity="medium",
    level="advisory",
    remedy=_as_read,
)
def cpus_as_text(container: Resource) -> Iterator[str]:
    said, number = container.text("cpus"), container.number("cpus")
    if said and number is not None and math.isfinite(number) and 0 < number <= _MOST_CPUS and cpus_text(number) != said:
        yield f"{container_name(container)} has cpus {said}, which is read back as {cpus_text(number)}"


@rule.each(
    RECORD,
    "plugins-record-name",
    title="A record's name is whole",
    symptom="a preview that is never clean: the record's name loses its domain, again and again",
    fix="write the name with its domain (www.example.org, and the domain itself for @)",
    severity="low",
    level="advisory",
)
def record_name(record: Resource) -> Iterator[str]:
    # Cloudflare answers with the whole name: github.com/cloudflare/terraform-provider-cloudflare/issues/5498.
    name = record.text("name")
    if name and ("." not in name or name.endswith(".")):
        yield f"{record.name} is called {name}, which Cloudflare reads back with its domain"
