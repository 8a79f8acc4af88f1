"""nginx on the host."""

from __future__ import annotations

from collections.abc import Iterator

from mech_ops.diagnosis.causes.model import Found, cause
from mech_ops.diagnosis.look import Look


@cause(
    "NGINX_CONFIG_REFUSED",
    "nginx does not take its config: {there}",
    layer="nginx",
    visitor="521 from its next start on",
    guide="Nginx Proxy Issues",
    reads=(
        "drift.nginx-accepts",
        "drift.unit",
    ),
    fix="pulumi up",
    rules=("proxy-untested-reload",),
)
def refused(look: Look) -> Iterator[Found]:
    for item in look.drift("nginx-accepts"):
        down = any(one.label == "unit nginx" and "not running" in one.there for one in look.drift("unit"))
        said = item.there.removeprefix("refuses: ")
        yield Found(tuple(look.services) if down else (), {"there": said}, (f"nginx -t: {said}",))


@cause(
    "NGINX_PORT_TAKEN",
    "port {port} is held by {process}, so nginx does not start",
    layer="nginx",
    visitor="521",
    guide="Port Binding Issues",
    reads=("host.told", "drift.unit"),
    fix="kill $(lsof -t -i:{port}) when it is nobody's; then pulumi up",
)
def port_taken(look: Look) -> Iterator[Found]:
    down = any(item.label == "unit nginx" and "not running" in item.there for item in look.drift("unit"))
    for said in look.told("is held by"):
        port, process = said.removeprefix("port ").split(" is held by ")
        if down:
            yield Found(tuple(look.services), {"port": port, "process": process}, (f"ss -ltnp: {said}",))


@cause(
    "NGINX_DOWN",
    "nginx does not run",
    layer="nginx",
    visitor="521",
    guide="Nginx Proxy Issues",
    reads=("drift.unit",),
    fix="pulumi up",
    follows=("NGINX_CONFIG_REFUSED", "NGINX_PORT_TAKEN"),
)
def down(look: Look) -> Iterator[Found]:
    for item in look.drift("unit"):
        if item.label == "unit nginx" and ("not running" in item.there or item.there in ("masked", "not-found")):
            yield Found(tuple(look.services), {}, (f"unit nginx: {item.there}",))


@cause(
    "NGINX_SILENT",
    "nginx runs and answers nobody on the host itself ({how})",
    layer="nginx",
    visitor="522 or 524",
    guide="Nginx Proxy Issues",
    reads=("host.answers", "host.units"),
    fix="systemctl restart nginx; tail -20 /var/log/nginx/error.log",
    floor="outage",
    follows=(
        "NGINX_DOWN",
        "NGINX_PORT_TAKEN",
        "NGINX_CONFIG_REFUSED",
        "UFW_PORT_CLOSED",
        "CHAIN_REJECTS",
        "UFW_BEFORE_RULES",
        "EDGE_BANNED",
    ),
)
def silent(look: Look) -> Iterator[Found]:
    """For every service at once, whatever their containers do: then it is nginx, not one of them."""
    answers = {name: one["nginx"] for name, one in look.fact("host.answers").items()}
    if look.fact("host.units").get("nginx.service", {}).get("active") != "active":
        return
    if answers and not any(one["code"] for one in answers.values()):
        how = next(iter(answers.values()))["error"]
        yield Found(tuple(answers), {"how": how}, (f"127.0.0.1: {how}, for each of {len(answers)} names",))


@cause(
    "NGINX_NOT_AT_BOOT",
    "nginx is not started at boot",
    layer="nginx",
    visitor="521 after the next reboot",
    guide="Nginx Proxy Issues",
    reads=("drift.unit",),
    fix="pulumi up",
)
def not_at_boot(look: Look) -> Iterator[Found]:
    for item in look.drift("unit"):
        if item.label == "unit nginx" and item.there == "not at boot":
            yield Found((), {}, ("systemctl is-enabled nginx",))


@cause(
    "NGINX_CONFIG_EDITED",
    "{path} is {there}",
    layer="nginx",
    visitor="502, 504, 413 or endless redirects, by what was changed",
    guide="Nginx Proxy Issues",
    reads=(
        "drift.file",
        "edge.answers",
        "host.answers",
    ),
    fix="pulumi up",
    key="mech:proxy",
    follows=("NGINX_CONFIG_REFUSED",),
    rules=(
        "edge-redirect-loop",
        "proxy-body-size",
        "proxy-no-rate-limit",
        "services-upstream-port",
    ),
)
def edited(look: Look) -> Iterator[Found]:
    """It harms those that fail though their container is well."""
    for item in look.drift("file"):
        if item.label.startswith("/etc/nginx/"):
            harmed = {name for name in look.failing if look.views[name].container.state in ("ok", "unknown")}
            yield Found(tuple(sorted(harmed)), {"path": item.label, "there": item.there}, (f"its hash: {item.there}",))


@cause(
    "NGINX_NOT_RELOADED",
    "nginx runs {there}",
    layer="nginx",
    visitor="what the older one says",
    guide="Nginx Proxy Issues",
    reads=("drift.nginx-current",),
    fix="systemctl reload nginx",
    follows=("NGINX_CONFIG_REFUSED", "NGINX_CONFIG_EDITED"),
)
def not_reloaded(look: Look) -> Iterator[Found]:
    for item in look.drift("nginx-current"):
        yield Found((), {"there": item.there})


@cause(
    "NGINX_SITE_FOREIGN",
    "{sentence}",
    layer="nginx",
    visitor="it depends on what it says",
    guide="by drift",
    reads=(
        "host.told",
        "edge.answers",
        "host.answers",
    ),
    fix="remove it, or declare it",
)
def site_foreign(look: Look) -> Iterator[Found]:
    for said in [*look.told("nginx reads it"), *look.told("as its package brought it")]:
        harmed = {name for name in look.failing if look.views[name].container.state == "ok"}
        yield Found(tuple(sorted(harmed)), {"sentence": said})


@cause(
    "LOGROTATE_MISSING",
    "{path} is {there}: nginx's logs grow without end",
    layer="nginx",
    visitor="nothing, until the disk is full",
    guide="Disk Space Issues",
    reads=("drift.file",),
    fix="pulumi up",
)
def logrotate(look: Look) -> Iterator[Found]:
    for item in look.drift("file"):
        if "logrotate" in item.label:
            yield Found((), {"path": item.label, "there": item.there})


@cause(
    "WRONG_SLOT",
    "nginx passes a service's requests to another version than the declared one (slot {there})",
    layer="nginx",
    visitor="another version than the declared one",
    guide="by drift",
    reads=("drift.slot",),
    fix="pulumi up",
)
def wrong_slot(look: Look) -> Iterator[Found]:
    for item in look.drift("slot"):
        yield Found((), {"there": item.there})


@cause(
    "BODY_TOO_LARGE",
    "nginx refuses uploads as too large: `client intended to send too large body`, {count} times of late",
    layer="nginx",
    visitor="413",
    guide="mech-storage: File Upload Failures",
    reads=("host.web_logs",),
    key="mech:proxy.maxBodyMb",
    fix="raise mech:proxy.maxBodyMb (Cloudflare's plans allow 100 MB, Business 200, Enterprise 500), then pulumi up",
    floor="notice",
    follows=("NGINX_CONFIG_EDITED",),
    rules=("proxy-body-size",),
)
def body_too_large(look: Look) -> Iterator[Found]:
    lines = [line for line in look.fact("host.web_logs")["errors"] if "too large body" in line]
    if lines:
        yield Found((), {"count": len(lines)}, (lines[-1],))


@cause(
    "CLIENT_LIMITED",
    "{address} sends more than the limit lets through: {count} times 429 of late",
    layer="nginx",
    visitor="nothing but that one",
    guide="Unauthorized Access",
    reads=("host.web_logs",),
    key="mech:edge.blocked",
    fix="nothing: the limit holds (mech:proxy.rateLimit); for good: mech:edge.blocked",
    floor="notice",
    rules=("proxy-no-rate-limit",),
)
def limited(look: Look) -> Iterator[Found]:
    for address, code, count in look.fact("host.web_logs")["loud"]:
        if str(code) == "429":
            yield Found((), {"address": address, "count": count}, (f"access log: {address} {code} {count}x",))


@cause(
    "CLIENT_PROBES",
    "{address} tries paths that are none: {count} times {code} of late",
    layer="nginx",
    visitor="nothing",
    guide="Unauthorized Access",
    reads=("host.web_logs",),
    key="mech:edge.blocked",
    fix="mech:edge.blocked: add {address}, then pulumi up",
    floor="notice",
    rules=(
        "proxy-client-address",
        "proxy-no-access-log",
    ),
)
def probes(look: Look) -> Iterator[Found]:
    for address, code, count in look.fact("host.web_logs")["loud"]:
        if str(code) in ("401", "403", "404"):
            yield Found(
                (), {"address": address, "code": code, "count": count}, (f"access log: {address} {code} {count}x",)
            )
