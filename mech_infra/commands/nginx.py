"""nginx's config as text, and the command that puts it in place only if nginx accepts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONFIG = "/etc/nginx/conf.d/mech.conf"
LOGROTATE = "/etc/logrotate.d/mech"
CERTIFICATE, KEY = "/etc/ssl/mech/mech.crt", "/etc/ssl/mech/mech.key"


@dataclass(frozen=True)
class Site:
    """A server block: the host name it answers to and its upstreams' TCP ports on 127.0.0.1."""

    name: str
    server_name: str
    ports: tuple[int, ...]


def render(
    sites: Sequence[Site],
    *,
    max_body_mb: int,
    read_timeout_s: int,
    requests_per_second: int,
    burst: int,
    redirect_to_https: bool,
    trusted_proxies: Sequence[str],
) -> str:
    """The whole of conf.d/mech.conf. The real client address is believed only from `trusted_proxies` (CIDRs)."""
    head = [
        "# Written by Pulumi (mech_infra/components/proxy.py); edits here are drift.",
        *(f"set_real_ip_from {cidr};" for cidr in sorted(trusted_proxies)),
        "real_ip_header CF-Connecting-IP;",
        f"limit_req_zone $binary_remote_addr zone=mech:10m rate={requests_per_second}r/s;",
        "limit_req_status 429;",
        "log_format mech '$remote_addr - [$time_iso8601] \"$request\" $status $body_bytes_sent '",
        "                '$request_time $upstream_addr $upstream_status \"$http_user_agent\" $http_cf_ray';",
        "server_tokens off;",
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
    blocks = [
        line for site in sites for line in _site(site, tls, max_body_mb, read_timeout_s, burst, redirect_to_https)
    ]
    return "\n".join([*head, *default, *blocks])


def _site(
    site: Site, tls: Sequence[str], max_body_mb: int, read_timeout_s: int, burst: int, redirect: bool
) -> list[str]:
    upstream = [
        f"upstream mech_{site.name} {{",
        *(f"    server 127.0.0.1:{port} max_fails=3 fail_timeout=5s;" for port in site.ports),
        "    keepalive 16;",
        "}",
    ]
    location = [
        "    location / {",
        f"        limit_req zone=mech burst={burst} nodelay;",
        f"        proxy_pass http://mech_{site.name};",
        "        proxy_http_version 1.1;",
        '        proxy_set_header Connection "";',
        "        proxy_set_header Host $host;",
        "        proxy_set_header X-Real-IP $remote_addr;",
        "        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "        proxy_set_header X-Forwarded-Proto $scheme;",
        "        proxy_connect_timeout 5s;",
        f"        proxy_read_timeout {read_timeout_s}s;",
        f"        proxy_send_timeout {read_timeout_s}s;",
        "    }",
    ]
    common = [
        f"    server_name {site.server_name};",
        f"    client_max_body_size {max_body_mb}M;",
        f"    access_log /var/log/nginx/mech-{site.name}.access.log mech;",
        f"    error_log /var/log/nginx/mech-{site.name}.error.log warn;",
    ]
    if redirect:
        plain = ["server {", "    listen 80;", *common, "    return 301 https://$host$request_uri;", "}"]
        return [*upstream, *plain, "server {", "    listen 443 ssl;", *tls, *common, *location, "}", ""]
    return [*upstream, "server {", "    listen 80;", "    listen 443 ssl;", *tls, *common, *location, "}", ""]


def logrotate() -> str:
    """nginx's logs of ours: daily, two weeks, compressed."""
    return """/var/log/nginx/mech-*.log {
    daily
    rotate 14
    maxsize 100M
    missingok
    notifempty
    compress
    delaycompress
    sharedscripts
    postrotate
        systemctl kill -s USR1 nginx.service 2>/dev/null || true
    endscript
}
"""


def apply() -> str:
    """Install the files of stdin (see commands.files.encode); if `nginx -t` refuses, the old ones come back."""
    return f"""set -eu
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
while read -r path content; do printf %s "$content" | base64 -d > "$stage/$(basename "$path")"; done
rm -f /etc/nginx/sites-enabled/default
systemctl unmask -q nginx 2>/dev/null || true
systemctl enable -q nginx
install -m 644 "$stage/mech" {LOGROTATE}
chmod 644 {CONFIG} 2>/dev/null && chown root:root {CONFIG} || true
# The file may be right and nginx still run what it read before.
if cmp -s "$stage/mech.conf" {CONFIG} && systemctl is-active --quiet nginx && nginx -t 2>/dev/null; then
  systemctl reload nginx; echo unchanged; exit 0
fi
if [ -e {CONFIG} ]; then cp -p {CONFIG} "$stage/before"; fi
install -m 644 "$stage/mech.conf" {CONFIG}
if ! nginx -t 2> "$stage/errors"; then
  if [ -e "$stage/before" ]; then cp -p "$stage/before" {CONFIG}; else rm -f {CONFIG}; fi
  echo "nginx refused the new config, the old one stays in force:" >&2
  cat "$stage/errors" >&2
  exit 1
fi
systemctl reload-or-restart nginx
echo reloaded"""
