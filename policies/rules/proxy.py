"""Proxy: nginx lets uploads through, holds floods back, never loads a broken config (guide, Nginx)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.family import Family
from policies.model import Finding, Stack
from policies.reading.nginx import nginx

rule = Family("proxy")
_STORAGE_MB = 100.0


@rule(
    "proxy-body-size",
    title="Uploads of 100 MB pass",
    symptom="413 and `Error: File too large`",
    fix="set mech:proxy.maxBodyMb to 100 or more",
    severity="high",
)
def body_size(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    sizes = proxy.body_mb()
    if not sizes:
        yield Finding("nginx has no client_max_body_size: its default is 1 MB", proxy.resource)
    elif min(sizes) < _STORAGE_MB:
        yield Finding(f"nginx refuses bodies over {min(sizes):g} MB", proxy.resource)


@rule(
    "proxy-no-rate-limit",
    title="Floods are held back",
    symptom="one client slows all services",
    fix="set mech:proxy.rateLimit",
    severity="medium",
)
def no_rate_limit(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy and not (
        re.search(r"^\s*limit_req_zone\s", proxy.text, re.M) and re.search(r"^\s*limit_req\s", proxy.text, re.M)
    ):
        yield Finding("nginx limits no client's rate", proxy.resource)


@rule(
    "proxy-untested-reload",
    title="nginx -t before reload",
    symptom="nginx is down: 521 on every service",
    fix="run `nginx -t` before the reload, and keep the old config when it fails",
    severity="high",
)
def untested_reload(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    reload = re.search(r"(systemctl|service|nginx)\s.*(reload|restart)", proxy.command)
    test = re.search(r"\bnginx -t\b", proxy.command)
    if reload and (not test or test.start() > reload.start()):
        yield Finding("nginx is reloaded without `nginx -t` before", proxy.resource)


@rule(
    "proxy-client-address",
    title="nginx knows the client",
    symptom="429 for everybody, logs full of Cloudflare's addresses",
    fix="set real_ip_header CF-Connecting-IP, trusted from Cloudflare's ranges only",
    severity="medium",
)
def client_address(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    if not re.search(r"^\s*real_ip_header\s+CF-Connecting-IP\s*;", proxy.text, re.M | re.I):
        yield Finding("nginx takes the edge for the client: the rate limit hits everybody at once", proxy.resource)
    elif re.search(r"^\s*set_real_ip_from\s+(0\.0\.0\.0/0|::/0)\s*;", proxy.text, re.M):
        yield Finding("nginx believes a client address that anybody sends", proxy.resource)


@rule(
    "proxy-no-access-log",
    title="Requests are logged",
    symptom="nothing to read when something is wrong",
    fix="set access_log",
    severity="low",
    level="advisory",
)
def no_access_log(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy and re.search(r"^\s*access_log\s+off\s*;", proxy.text, re.M):
        yield Finding("nginx writes no access log", proxy.resource)
