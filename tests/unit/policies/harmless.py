"""More of what no rule may mind: what people write beside the platform's own lines."""

from __future__ import annotations

from .changes import HOST, LLM, UFW, Change, conf, env, more, put, ruleset, service, setting, sub

RECORD, SETTING = "cloudflare:index/dnsRecord:DnsRecord", "cloudflare:index/zoneSetting:ZoneSetting"
# At the end of the firewall's command, after UFW is on.
FIREWALL = (
    "ufw limit 22/tcp", "ufw limit ssh/tcp", "ufw allow OpenSSH", "ufw allow ssh && ufw --force enable", "ufw logging low",
    "ufw status verbose || true", "ufw reload", "ufw app list", "ufw deny from 203.0.113.9", "ufw insert 1 deny from 203.0.113.9",
    "ufw prepend deny from 198.51.100.0/24 to any port 443 proto tcp", "ufw reject from 203.0.113.9 to any port 80 proto tcp",
    "for port in 80 443; do ufw allow $port/tcp; done", "ufw allow proto tcp from any to any port 80,443", "ufw allow 'Nginx Full'",
    "ufw allow from 10.8.0.0/24 to any port 9100 proto tcp", "ufw allow in on lo", "ufw allow in on wg0", "ufw delete allow 8080/tcp || true",
    "ufw allow out 53", "ufw allow out 443/tcp", "ufw default allow outgoing", "ufw deny 6379", "ufw deny 27017/tcp", "ufw route deny in on eth0",
    "ufw deny out 25/tcp", "echo 'ufw deny 80'", "# ufw reset", "printf 'ufw disable' >/root/notes", "cat >/root/notes <<'END'\nufw deny 443\nEND",
    'if [ "$1" = undo ]; then ufw disable; fi', "false && ufw disable", "ufw_off() { ufw disable; }", "iptables -w 5 -L INPUT -n",
)  # fmt: skip
# In a command on the host.
HOST_COMMANDS = (
    "docker ps --format '{{.Names}}'", "docker pull redis:7.4.1", "docker run --rm alpine:3.20 true", "docker network ls",
    "docker image prune -f", "docker logs --tail 5 mech-llms || true", "docker compose version", "nginx -v", "redis-cli -h 127.0.0.1 ping || true",
    "apt-get install -y -q jq", "timedatectl set-timezone UTC", "sysctl -w vm.overcommit_memory=1",
)  # fmt: skip
# At the top of nginx's config.
NGINX_LINES = (
    "# return 301 https://$host$request_uri;\n", "gzip on;\n", "map $http_x_team $team { default none; }\n", "server_tokens off;\n",
    "log_format plain '$remote_addr $status';\n",
    "server {\n  listen 127.0.0.1:8081;\n  server_name status.internal;\n  location / { stub_status; }\n}\n",
)  # fmt: skip

HARMLESS: list[tuple[str, Change]] = [
    *((f"firewall: {line.splitlines()[0]}", sub(UFW, r"\Z", f"\n{line}\n")) for line in FIREWALL),
    *((f"host: {line}", sub("host-ready", r"\A", f"{line}\n")) for line in HOST_COMMANDS),
    *((f"nginx: {line.splitlines()[0]}", conf(r"\A", line.replace("\\", r"\\"))) for line in NGINX_LINES),
    ("a record for mail", more(RECORD, type="MX", name="mech.is", content="mx.example.org", priority=10, ttl=300)),
    ("a record that proves the domain", more(RECORD, type="TXT", name="mech.is", content="v=spf1 -all", ttl=300)),
    ("a name of somebody else's", more(RECORD, type="CNAME", name="blog.mech.is", content="pages.example.org", proxied=False, ttl=300)),
    ("HTTP/3", more(SETTING, settingId="http3", value="on")),
    ("Brotli", more(SETTING, settingId="brotli", value="on")),
    ("TLS 1.2 at least", setting("min-tls-version", "1.2")),
    ("a challenge for bots", ruleset("http_request_firewall_custom", "cf.client.bot and not cf.verified_bot", "managed_challenge")),
    ("a header more", ruleset("http_response_headers_transform", "true", "rewrite")),
    ("an operating system's number", put(HOST, "osId", 2625)),
    ("llm's own log level", env(LLM, "LLM_LOG", "info")),
    *((f"{name} stops in its own time", put(service(name), "destroyGraceSeconds", 45)) for name in ("queue", "llm", "storage")),
]  # fmt: skip
