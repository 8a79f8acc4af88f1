"""Proxy: nginx lets uploads through, holds floods back, never loads a broken config (guide, Nginx)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from policies.family import Family
from policies.model import Finding, Stack
from policies.reading.commands import scripts
from policies.reading.edge import records
from policies.reading.nginx import Directive, Nginx, Server, body_mb, nginx
from policies.reading.platform import is_platform, is_service
from policies.reading.shell import known

rule = Family("proxy")
_STORAGE_MB = 100.0
_EVERYBODY = ("0.0.0.0/0", "::/0")
_BY_CLIENT = ("$binary_remote_addr", "$remote_addr")
# What bears a client's address behind Cloudflare.
_HEADERS = ("cf-connecting-ip", "x-forwarded-for", "true-client-ip", "cf-connecting-ipv6")


def _passing(proxy: Nginx) -> list[Server]:
    """The servers that pass requests on: only these take uploads, and load something with a flood."""
    return [server for server in proxy.servers if any(server.directive.all("proxy_pass"))]


@rule(
    "proxy-body-size",
    title="Uploads of 100 MB pass",
    symptom="413 and `Error: File too large`",
    fix="set mech:proxy.maxBodyMb to 100 or more",
    sets={"mech:proxy.maxBodyMb": 100},
    severity="high",
)
def body_size(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None:
        return
    ours = is_platform(stack)
    for server in _passing(proxy):
        sizes = [(size, one) for one in server.held("client_max_body_size") if (size := body_mb(one)) is not None]
        # Of somebody else's site nobody knows how much it has to take.
        if sizes and min(sizes, key=lambda it: it[0])[0] < _STORAGE_MB and (ours or any(map(is_service, server.names))):
            size, directive = min(sizes, key=lambda it: it[0])
            yield Finding(f"nginx refuses bodies over {size:g} MB", proxy.owner(directive))
            return
        if not sizes and ours:
            proxy.whole()
            yield Finding("nginx has no client_max_body_size: its default is 1 MB", proxy.owner(server.directive))
            return


@rule(
    "proxy-no-rate-limit",
    title="Floods are held back",
    symptom="one client slows all services",
    fix="set mech:proxy.rateLimit",
    severity="medium",
)
def no_rate_limit(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None or not is_platform(stack):
        return
    if not (proxy.http.of("limit_req_zone") and any(proxy.http.all("limit_req"))):
        proxy.whole()
        yield Finding("nginx limits no client's rate", proxy.resource)


@rule(
    "proxy-untested-reload",
    title="nginx -t before reload",
    symptom="nginx is down: 521 on every service",
    fix="run `nginx -t` before the reload, and keep the old config when it fails",
    severity="high",
)
def untested_reload(stack: Stack) -> Iterator[Finding]:
    if nginx(stack) is None:
        return
    tested: Mapping[str, str] = {}
    for script in scripts(stack):
        for act in script.trace.acts:
            if not {"nginx", "nginx.service"} & {act.name, *act.argv[1:]}:
                continue
            config = {path: text for path, text in act.files.items() if path.startswith("/etc/nginx/")}
            if act.name == "nginx" and any(word.startswith("-") and word[1:2] in "tTq" for word in act.argv[1:]):
                tested = config
            elif _reloads(act.argv) and config != tested:
                yield Finding("nginx is reloaded without `nginx -t` before", script.resource)
                return


def _reloads(argv: Sequence[str]) -> bool:
    name = argv[0].rpartition("/")[2]
    if name == "nginx" and "/init.d/" not in argv[0]:
        return argv[1:3] == ("-s", "reload")
    again = ("reload", "restart", "try-restart", "force-reload", "reload-or-restart", "try-reload-or-restart")
    return (name in ("systemctl", "service") or "/init.d/" in argv[0]) and any(word in again for word in argv[1:])


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
    believed = next((one for one in proxy.http.all("set_real_ip_from") if one.value in _EVERYBODY), None)
    header = next((one for one in proxy.http.all("real_ip_header") if one.value.lower() in _HEADERS), None)
    # Behind the edge all come from few addresses.
    by_client = any(one.value in _BY_CLIENT for one in proxy.http.of("limit_req_zone")) and any(
        proxy.http.all("limit_req")
    )
    behind = any(one.resource.props.get("proxied") is True for one in records(stack))
    if believed:
        yield Finding("nginx believes a client address that anybody sends", proxy.owner(believed))
    elif header is None and (is_platform(stack) or (by_client and behind)):
        proxy.whole()
        yield Finding("nginx takes the edge for the client: the rate limit hits everybody at once", proxy.resource)


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
    if proxy is None:
        return
    for server in _passing(proxy):
        # A location may do without: an icon, a health check.
        everything = [one for one in server.locations if one.args == ("/",)]
        off = [one for block in everything for one in block.of("access_log")] or server.held("access_log")
        if off and all(one.value == "off" for one in off):
            yield Finding("nginx writes no access log", proxy.owner(off[0]))
            return


def _refused(proxy: Nginx) -> Iterator[tuple[Directive, str]]:
    """What nginx refuses although each word of it is right."""
    defaults: set[str] = set()
    for server in proxy.servers if not proxy.config.unknown else ():
        ssl = any(one.ssl for one in server.listens)
        if ssl and not server.held("ssl_certificate") and not server.held("ssl_reject_handshake"):
            yield server.directive, 'no "ssl_certificate" is defined for a server that listens with ssl'
        for listen in server.directive.of("listen"):
            place = listen.value.removeprefix("*:").removeprefix("0.0.0.0:")
            if not {"default_server", "default"} & {*listen.args[1:]}:
                continue
            if place in defaults:
                yield listen, f"a duplicate default server for {listen.value}"
            defaults.add(place)


@rule(
    "proxy-syntax",
    title="nginx takes its config",
    symptom="`nginx: [emerg]` in the deployment; nginx does not start after the next reboot: 521 on every service",
    fix="put right what the sentence names; `nginx -t` says the same on the host",
    severity="high",
)
def syntax(stack: Stack) -> Iterator[Finding]:
    proxy = nginx(stack)
    if proxy is None or proxy.config.holes:
        return  # what is not known may be what is missing
    for fault in proxy.config.faults:
        path = fault.partition(":")[0]
        yield Finding(f"nginx refuses {fault}", proxy.owner(Directive("", (), path, 0)))
    for one, why in _refused(proxy):
        yield Finding(f"nginx refuses {one.file}:{one.line}: {why}", proxy.owner(one))
    zones = {word.partition("=")[2].partition(":")[0] for one in proxy.http.of("limit_req_zone") for word in one.args}
    for one in proxy.http.all("limit_req"):
        zone = next((word.partition("=")[2] for word in one.args if word.startswith("zone=")), "")
        if zone and zone not in zones and known(zone) and not proxy.config.unknown:
            yield Finding(
                f'nginx refuses {one.file}:{one.line}: no limit_req_zone is called "{zone}"', proxy.owner(one)
            )
