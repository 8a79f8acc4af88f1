"""Certificates: long enough, renewed, for the names that visitors ask for (guide, Nginx)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.family import Family
from policies.model import ORIGIN_CA, Finding, Stack
from policies.reading.commands import scripts
from policies.reading.nginx import nginx

rule = Family("certificates")


def _days(command: str) -> int | None:
    match = re.search(r"openssl req -x509 .*?-days (\d+)", command, re.S)
    return int(match[1]) if match else None


@rule(
    "certificate-short",
    title="A certificate for more than 30 days",
    symptom="525 or 526 in some weeks",
    fix="set mech:certificate.validDays to more than 30",
    severity="high",
)
def short(stack: Stack) -> Iterator[Finding]:
    for script in scripts(stack):
        days = _days(script.spoken)
        if days is not None and days <= 30:
            yield Finding(f"the self-signed certificate is valid for {days} days only", script.resource)
    for certificate in stack.of(ORIGIN_CA):
        days_ = certificate.number("requestedValidity")
        if days_ is not None and days_ <= 30:
            yield Finding(f"the Origin CA certificate is valid for {days_:g} days only", certificate)


@rule(
    "certificate-not-renewed",
    title="Certificates are renewed",
    symptom="525 or 526 on the day it expires",
    fix="keep the renewal timer (mech:certificate.renewBeforeDays)",
    severity="medium",
)
def not_renewed(stack: Stack) -> Iterator[Finding]:
    for script in scripts(stack):
        if _days(script.spoken) is not None and not re.search(r"checkend|\.timer|cron", script.text):
            yield Finding("nothing renews the self-signed certificate", script.resource)


def _not_covered(names: set[str], wanted: set[str]) -> set[str]:
    return {w for w in wanted if w not in names and "*." + w.partition(".")[2] not in names}


@rule(
    "certificate-names",
    title="The certificate covers the names",
    symptom="526 under strict, certificate warnings",
    fix="issue it for *.DOMAIN and DOMAIN (mech:domain)",
    severity="high",
)
def names(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    for script in scripts(stack):
        if _days(script.spoken) is not None:
            missing = _not_covered(set(re.findall(r"DNS:([*\w.-]+)", script.spoken)), proxy.tls_names)
            if missing:
                yield Finding(f"the certificate does not cover {', '.join(sorted(missing))}", script.resource)
    for certificate in stack.of(ORIGIN_CA):
        missing = _not_covered({str(name) for name in certificate.items("hostnames")}, proxy.tls_names)
        if missing:
            yield Finding(f"the Origin CA certificate does not cover {', '.join(sorted(missing))}", certificate)
