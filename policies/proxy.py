"""Proxy and certificates: nginx lets uploads through, holds floods back, never loads a broken config (guide, Nginx)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.model import INSTANCE, ORIGIN_CA, RESERVED_IP, Finding, Resource, Rule, Stack
from policies.reading import nginx

_STORAGE_MB = 100.0


def _body(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    sizes = proxy.body_mb()
    if not sizes:
        yield Finding("nginx has no client_max_body_size: its default is 1 MB", proxy.resource)
    elif min(sizes) < _STORAGE_MB:
        yield Finding(f"nginx refuses bodies over {min(sizes):g} MB", proxy.resource)


def _rate(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy and not (
        re.search(r"^\s*limit_req_zone\s", proxy.text, re.M) and re.search(r"^\s*limit_req\s", proxy.text, re.M)
    ):
        yield Finding("nginx limits no client's rate", proxy.resource)


def _tested(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    reload = re.search(r"(systemctl|service|nginx)\s.*(reload|restart)", proxy.command)
    test = re.search(r"\bnginx -t\b", proxy.command)
    if reload and (not test or test.start() > reload.start()):
        yield Finding("nginx is reloaded without `nginx -t` before", proxy.resource)


def _client(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    if not re.search(r"^\s*real_ip_header\s+CF-Connecting-IP\s*;", proxy.text, re.M | re.I):
        yield Finding("nginx takes the edge for the client: the rate limit hits everybody at once", proxy.resource)
    elif re.search(r"^\s*set_real_ip_from\s+(0\.0\.0\.0/0|::/0)\s*;", proxy.text, re.M):
        yield Finding("nginx believes a client address that anybody sends", proxy.resource)


def _logs(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy and re.search(r"^\s*access_log\s+off\s*;", proxy.text, re.M):
        yield Finding("nginx writes no access log", proxy.resource)


def _days(command: str) -> int | None:
    match = re.search(r"openssl req -x509 .*?-days (\d+)", command, re.S)
    return int(match[1]) if match else None


def _long_enough(stack: Stack) -> Iterator[Finding]:
    for command in stack.commands():
        days = _days(command.text("create"))
        if days is not None and days <= 30:
            yield Finding(f"the self-signed certificate is valid for {days} days only", command)
    for certificate in stack.of(ORIGIN_CA):
        days_ = certificate.number("requestedValidity")
        if days_ is not None and days_ <= 30:
            yield Finding(f"the Origin CA certificate is valid for {days_:g} days only", certificate)


def _renewed(stack: Stack) -> Iterator[Finding]:
    for command in stack.commands():
        text = command.text("create")
        if _days(text) is not None and not re.search(r"checkend|\.timer|cron", text):
            yield Finding("nothing renews the self-signed certificate", command)


def _covered(names: set[str], wanted: set[str]) -> set[str]:
    return {w for w in wanted if w not in names and "*." + w.partition(".")[2] not in names}


def _names(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    for command in stack.commands():
        text = command.text("create")
        if _days(text) is not None:
            names = set(re.findall(r"DNS:([*\w.-]+)", text))
            missing = _covered(names, proxy.tls_names)
            if missing:
                yield Finding(f"the certificate does not cover {', '.join(sorted(missing))}", command)
    for certificate in stack.of(ORIGIN_CA):
        missing = _covered({str(name) for name in certificate.items("hostnames")}, proxy.tls_names)
        if missing:
            yield Finding(f"the Origin CA certificate does not cover {', '.join(sorted(missing))}", certificate)


def _keys(instance: Resource) -> Iterator[str]:
    from policies.model import UNKNOWN

    if instance.props.get("sshKeyIds") is not UNKNOWN and not instance.props.get("sshKeyIds"):
        yield f"instance {instance.name} has no SSH key: only its password opens it"


def _address(stack: Stack) -> Iterator[Finding]:
    if stack.of(INSTANCE) and not stack.of(RESERVED_IP):
        yield Finding("the host's address goes with the instance", stack.of(INSTANCE)[0])


RULES = [
    Rule("proxy-body-size", "proxy", "Uploads of 100 MB pass", "413 and `Error: File too large`",
         "set mech:proxy.maxBodyMb to 100 or more", "high", judge_stack=_body),
    Rule("proxy-no-rate-limit", "proxy", "Floods are held back", "one client slows all services",
         "set mech:proxy.rateLimit", "medium", judge_stack=_rate),
    Rule("proxy-untested-reload", "proxy", "nginx -t before reload", "nginx is down: 521 on every service",
         "run `nginx -t` before the reload, and keep the old config when it fails", "high", judge_stack=_tested),
    Rule("proxy-client-address", "proxy", "nginx knows the client", "429 for everybody, logs full of Cloudflare's addresses",
         "set real_ip_header CF-Connecting-IP, trusted from Cloudflare's ranges only", "medium", judge_stack=_client),
    Rule("proxy-no-access-log", "proxy", "Requests are logged", "nothing to read when something is wrong",
         "set access_log", "low", level="advisory", judge_stack=_logs),
    Rule("certificate-short", "certificates", "A certificate for more than 30 days", "525 or 526 in some weeks",
         "set mech:certificate.validDays to more than 30", "high", judge_stack=_long_enough),
    Rule("certificate-not-renewed", "certificates", "Certificates are renewed", "525 or 526 on the day it expires",
         "keep the renewal timer (mech:certificate.renewBeforeDays)", "medium", judge_stack=_renewed),
    Rule("certificate-names", "certificates", "The certificate covers the names", "526 under strict, certificate warnings",
         "issue it for *.DOMAIN and DOMAIN (mech:domain)", "high", judge_stack=_names),
    Rule("host-no-ssh-key", "host", "The instance has a key", "`Permission denied (publickey)`: nobody gets in",
         "set sshKeyIds (mech:host.sshPrivateKey)", "critical", type=INSTANCE, judge_one=_keys),
    Rule("host-no-reserved-ip", "host", "The address is reserved", "522 after a rebuild until every record is changed",
         "attach a reserved IP", "medium", judge_stack=_address),
]  # fmt: skip
