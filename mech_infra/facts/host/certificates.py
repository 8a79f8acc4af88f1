"""The origin's certificate: for our names, with its key, and for long enough."""

from __future__ import annotations

import datetime as dt
import re
import ssl
from dataclasses import dataclass
from typing import Any

from mech_infra.commands.nginx import CERTIFICATE, KEY
from mech_infra.facts.host.onhost import run
from mech_infra.facts.host.program import on_host, reads
from mech_infra.facts.model import Check, Facts


@reads(crt=CERTIFICATE, key=KEY)
def certificate(crt: str, key: str) -> dict[str, Any]:
    """{} where there is none, or none that can be read."""
    code, said = run("openssl", "x509", "-in", crt, "-noout", "-enddate", "-ext", "subjectAltName")
    if code != 0:
        return {}
    end = re.search(r"notAfter=(.*)", said)
    names = re.findall(r"DNS:([^\s,]+)", said)
    return {"end": end.group(1) if end else "", "names": names, "matches": belong(crt, key)}


@on_host
def belong(crt: str, key: str) -> bool:
    """Whether a certificate and a key are a pair; not by openssl's commands, each of which takes longer than most readers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # a key that is short is a pair's all the same
    try:
        context.load_cert_chain(crt, key, password="")  # nobody is asked for the word of one that is locked
    except (OSError, ValueError):
        return False
    return True


@dataclass(frozen=True)
class Certificate(Check, kind="certificate", reads=["certificate"]):
    names: list[str]
    renew_before_days: int

    label = CERTIFICATE

    @property
    def good(self) -> str:
        return f"valid for {', '.join(self.names)}"

    def judge(self, facts: Facts) -> str | None:
        about = facts["certificate"]
        if not about:
            return "missing or not readable"
        if sorted(about["names"]) != sorted(self.names):
            return f"for {', '.join(about['names']) or 'no name'}"
        if not about["matches"]:
            return "does not belong to its key"
        end = dt.datetime.strptime(about["end"], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=dt.UTC)
        left = end - dt.datetime.now(dt.UTC)
        if left < dt.timedelta(0):
            return f"expired on {end:%Y-%m-%d}"
        return f"expires on {end:%Y-%m-%d}" if left < dt.timedelta(days=self.renew_before_days) else None
