"""Certificates: long enough, renewed, for the names that visitors ask for (guide, Nginx)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.family import Family
from policies.model import ORIGIN_CA, Finding, Stack
from policies.reading.commands import Script, scripts
from policies.reading.nginx import Nginx, nginx
from policies.reading.shell import known

rule = Family("certificates")
_FOR_EVER_DAYS = 3650  # nobody renews a certificate of ten years, nor has to


@dataclass(frozen=True)
class SelfSigned:
    """A certificate that a script makes: for how many days (openssl's default is 30), for which names."""

    script: Script
    days: int
    names: frozenset[str] | None  # None: from a file of openssl's


def _self_signed(stack: Stack) -> Iterator[SelfSigned]:
    for script in scripts(stack):
        for act in script.trace.of("openssl"):
            if not {"req", "-x509"} <= {*act.argv} or not known(_after(act.argv, "-days") or "30"):
                continue
            about = _after(act.argv, "-addext")
            covered = re.findall(r"DNS:([*\w.-]+)", about) or re.findall(
                r"CN\s*=\s*([*\w.-]+)", _after(act.argv, "-subj")
            )
            named = "-config" not in act.argv and known(*act.argv)
            days = _after(act.argv, "-days") or "30"
            yield SelfSigned(script, int(days) if days.isdecimal() else 30, frozenset(covered) if named else None)


def _after(argv: tuple[str, ...], option: str) -> str:
    at = argv.index(option) if option in argv else len(argv)
    return argv[at + 1] if at + 1 < len(argv) else ""


@rule(
    "certificate-short",
    title="A certificate for more than 30 days",
    symptom="525 or 526 in some weeks",
    fix="set mech:certificate.validDays to more than 30",
    sets={"mech:certificate.validDays": 365},
    severity="high",
)
def short(stack: Stack) -> Iterator[Finding]:
    for made in _self_signed(stack):
        if made.days <= 30:
            yield Finding(f"the self-signed certificate is valid for {made.days} days only", made.script.resource)
    for certificate in stack.of(ORIGIN_CA):
        days = certificate.number("requestedValidity")
        if days is not None and days <= 30:
            yield Finding(f"the Origin CA certificate is valid for {days:g} days only", certificate)


@rule(
    "certificate-not-renewed",
    title="Certificates are renewed",
    symptom="525 or 526 on the day it expires",
    fix="keep the renewal timer (mech:certificate.renewBeforeDays)",
    severity="medium",
)
def not_renewed(stack: Stack) -> Iterator[Finding]:
    for made in _self_signed(stack):
        if made.days < _FOR_EVER_DAYS and not re.search(r"checkend|\.timer|cron", made.script.text):
            yield Finding("nothing renews the self-signed certificate", made.script.resource)


def _not_covered(names: frozenset[str] | set[str], wanted: set[str]) -> set[str]:
    return {w for w in wanted if w not in names and "*." + w.partition(".")[2] not in names}


def _asked_for(proxy: Nginx) -> set[str]:
    """The names that visitors ask for by HTTPS, without those that have a certificate of Let's Encrypt."""
    own = {
        name for server in proxy.servers for name in server.names
        if any("letsencrypt" in one.value for one in server.held("ssl_certificate"))
    }  # fmt: skip
    return proxy.tls_names - own


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
    wanted = _asked_for(proxy)
    for made in _self_signed(stack):
        missing = _not_covered(made.names, wanted) if made.names is not None else set()
        if missing:
            yield Finding(f"the certificate does not cover {', '.join(sorted(missing))}", made.script.resource)
    for certificate in stack.of(ORIGIN_CA):
        missing = _not_covered({str(name) for name in certificate.items("hostnames")}, wanted)
        if missing:
            yield Finding(f"the Origin CA certificate does not cover {', '.join(sorted(missing))}", certificate)
