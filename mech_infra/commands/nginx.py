"""nginx's config as text, and the command that puts it in place only if nginx accepts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mech_infra.commands.containers import MANAGED
from mech_infra.commands.script import room, script

CONFIG = "/etc/nginx/conf.d/mech.conf"
LOGROTATE = "/etc/logrotate.d/mech"
CERTIFICATE, KEY = "/etc/ssl/mech/mech.crt", "/etc/ssl/mech/mech.key"
_ROOM = room(__file__)


# A file NAME.green in it: the green slot serves (mech_infra.rollout). nginx looks at each request, so nothing is reloaded.
FLAGS = "/etc/nginx/mech"
# In a fleet, a file NAME.servers in it: members beside those declared, which have tasks of NAME until these moved.
BESIDE = f"{FLAGS}/beside"
# Where containers are, as the host sees them: Docker takes its networks' addresses from these.
_CONTAINERS = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


# Longer names do not fit into nginx's default (64), and it refuses the whole config; measured with 1.22.
_SHORT = 46


@dataclass(frozen=True)
class Site:
    """A service as nginx sees it.

    `server_name` is what visitors ask for, `port` the guide's TCP port on the host, `blue` and `green` the TCP ports on
    127.0.0.1 of its replicas in either slot, `read_timeout_s` seconds to wait for an answer's next bytes, `streams`
    whether its answers go out as they come (server-sent events). In a fleet there are no slots, and `tasks` are where its
    tasks may be, `ADDRESS:PORT` of each member.
    """

    name: str
    server_name: str
    port: int
    blue: tuple[int, ...]
    green: tuple[int, ...]
    read_timeout_s: int
    streams: bool = False
    tasks: tuple[str, ...] = ()


def internal_name(service: str) -> str:
    """The name by which containers ask a service of nginx on the host, at port 80."""
    return f"{service}.mech.internal"


def render(
    sites: Sequence[Site],
    *,
    exposed: bool,
    max_body_mb: int,
    requests_per_second: int,
    burst: int,
    redirect_to_https: bool,
    trusted_proxies: Sequence[str],
) -> str:
    """The whole of conf.d/mech.conf. The real client address is believed only from `trusted_proxies` (CIDRs).

    `exposed`: the guide's ports answer everybody whom the firewall lets in, else the host itself only.
    """
    head = [
        "# Written by Pulumi (mech_infra/components/proxy.py); edits here are drift.",
        *(["server_names_hash_bucket_size 512;"] if any(len(s.server_name) > _SHORT for s in sites) else []),
        *(f"set_real_ip_from {cidr};" for cidr in sorted(trusted_proxies)),
        "real_ip_header CF-Connecting-IP;",
        f"limit_req_zone $binary_remote_addr zone=mech:10m rate={requests_per_second}r/s;",
        "limit_req_status 429;",
        "log_format mech '$remote_addr - [$time_iso8601] \"$request\" $status $body_bytes_sent '",
        "                '$request_time $upstream_addr $upstream_status \"$http_user_agent\" $http_cf_ray';",
        "server_tokens off;",
        "# WebSockets: what asks for an upgrade gets it, the rest keeps its connection.",
        "map $http_upgrade $mech_connection { default upgrade; '' ''; }",
        "",
    ]
    tls = [
        f"    ssl_certificate {CERTIFICATE};",
        f"    ssl_certificate_key {KEY};",
        "    ssl_protocols TLSv1.2 TLSv1.3;",
    ]
    # A name that is not ours gets no answer at all, rather than some service's.
    default = [
        "server {", "    listen 80 default_server;", "    listen 443 ssl default_server;", *tls,
        "    server_name _;", "    return 444;", "}", "",
    ]  # fmt: skip
    limit = [f"        limit_req zone=mech burst={burst} nodelay;"]
    blocks = []
    for site in sites:
        body = [f"    client_max_body_size {max_body_mb}M;", *_logs(site)]
        names = [f"    server_name {site.server_name};", *body]
        outside = ["    listen 443 ssl;", *tls, *names, *_passing(site, limit)]
        if redirect_to_https:
            plain = ["    listen 80;", *names, "    return 301 https://$host$request_uri;"]
            blocks += [_upstreams(site), _server(plain), _server(outside)]
        else:
            blocks += [_upstreams(site), _server(["    listen 80;", *outside])]
        near = [f"    listen {'' if exposed else '127.0.0.1:'}{site.port};", *body, *_passing(site, [])]
        inside = [
            "    listen 80;",
            f"    server_name {internal_name(site.name)};",
            *_near_only(),
            *body,
            *_passing(site, []),
        ]
        blocks += [_server(near), _server(inside), [""]]
    return "\n".join([*head, *default, *(line for block in blocks for line in block)])


def _server(lines: Sequence[str]) -> list[str]:
    return ["server {", *lines, "}"]


def _upstreams(site: Site) -> list[str]:
    """A fleet's members; else both slots, each with the other behind it: while a new version is watched, what it refuses goes to the one before."""
    if site.tasks:
        # Who has no task refuses at once, and may have one in a second: nobody is left out for a while. And no connection is
        # kept: one to a task that is about to end would cost a request.
        servers = [f"    server {place} max_fails=0;" for place in site.tasks]
        return [f"upstream mech_{site.name} {{", *servers, f"    include {BESIDE}/{site.name}.*;", "}"]
    # One server alone is always tried; of several, one that fails is left out for a while.
    about = "max_fails=3 fail_timeout=5s" if len(site.blue) > 1 else "max_fails=0"
    found = []
    for slot, ports, others in (("blue", site.blue, site.green), ("green", site.green, site.blue)):
        found += [
            f"upstream mech_{site.name}_{slot} {{",
            *(f"    server 127.0.0.1:{port} {about};" for port in ports),
            *(f"    server 127.0.0.1:{port} {about} backup;" for port in others),
            "    keepalive 16;",
            # Under the 5 s after which Node closes an idle connection; and a slot that is left is soon without any.
            "    keepalive_timeout 2s;",
            "}",
        ]
    return found


def _logs(site: Site) -> list[str]:
    return [
        f"    access_log /var/log/nginx/mech-{site.name}.access.log mech;",
        f"    error_log /var/log/nginx/mech-{site.name}.error.log warn;",
    ]


def _near_only() -> list[str]:
    return [*(f"    allow {cidr};" for cidr in _CONTAINERS), "    deny all;"]


def _passing(site: Site, limit: Sequence[str]) -> list[str]:
    slot = [
        f"    set $mech_slot mech_{site.name}_blue;",
        f"    if (-f {FLAGS}/{site.name}.green) {{ set $mech_slot mech_{site.name}_green; }}",
    ]
    return [
        *([] if site.tasks else slot),
        "    location / {",
        *limit,
        f"        proxy_pass http://{f'mech_{site.name}' if site.tasks else '$mech_slot'};",
        "        proxy_http_version 1.1;",
        "        proxy_set_header Connection $mech_connection;",
        "        proxy_set_header Upgrade $http_upgrade;",
        "        proxy_set_header Host $host;",
        "        proxy_set_header X-Real-IP $remote_addr;",
        "        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "        proxy_set_header X-Forwarded-Proto $scheme;",
        # Of a member that is gone nobody says so, and every request asks it anew; the others are a millisecond away.
        f"        proxy_connect_timeout {'300ms' if site.tasks else '5s'};",
        f"        proxy_read_timeout {site.read_timeout_s}s;",
        f"        proxy_send_timeout {site.read_timeout_s}s;",
        *(["        proxy_buffering off;"] if site.streams else []),
        "        # What is refused is tried elsewhere; a POST that was sent never is.",
        # A member that does not take the connection is passed over; an answer that does not come is not asked for elsewhere.
        *(
            [
                "        proxy_next_upstream error timeout;",
                f"        proxy_next_upstream_timeout {len(site.tasks) + 1}s;",
            ]
            if site.tasks
            else ["        proxy_next_upstream error;"]
        ),
        "    }",
    ]


def logrotate() -> str:
    """nginx's logs of ours: daily, two weeks, compressed."""
    return (_ROOM / "logrotate.conf").read_text()


def apply() -> str:
    """Install the files of stdin (see commands.files.encode); if `nginx -t` refuses, the old ones come back."""
    return script(_ROOM / "apply.sh", CONFIG, LOGROTATE, MANAGED)


def widen() -> str:
    """On a member of a fleet, the same, but whom nginx asks now it goes on asking beside those declared, until `settle`.

    Stdin has the addresses of all nodes in a line before the files: whom a host that is new asks, too.
    """
    return script(_ROOM / "widen.sh", CONFIG, LOGROTATE, MANAGED, BESIDE)


def settle() -> str:
    """Only the members declared are asked from now on."""
    return script(_ROOM / "settle.sh", BESIDE)


def drain(most_s: int, leaves: bool) -> str:
    """Wait, `most_s` seconds at most, until nginx has answered what it took before it read its config anew, and say so meanwhile.

    `leaves`: this host goes, and visitors are sent to it no more; nginx reads its config anew first.
    """
    return script(_ROOM / "drain.sh", most_s, "yes" if leaves else "no")
