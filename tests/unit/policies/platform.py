"""What is changed of the shipped program: every outage that a rule has to see, and what no rule may mind.

The changes are written from the guide and from what people do to such programs, not from the rules.
"""

from __future__ import annotations

from .changes import (
    CACHE,
    HOST,
    INDEXER,
    LLM,
    MONGO,
    NGINX,
    QUEUE,
    REDIS,
    STORAGE,
    UFW,
    Change,
    both,
    conf,
    drop,
    env,
    gone,
    port,
    put,
    service,
    setting,
    sub,
    unpinned,
    written,
)

# What breaks, and the rule that has to say so.
OUTAGES: list[tuple[str, str, Change]] = [
    ("Redis is killed at once", "data-no-grace", drop("datastores-redis", "destroyGraceSeconds")),
    ("MongoDB has 2 s", "data-no-grace", put("datastores-mongodb", "destroyGraceSeconds", 2)),
    ("the volume's attachment is nobody's", "data-detachable", unpinned()),
    ("UFW without 80", "firewall-http-closed", sub(UFW, r"^ufw allow 80/tcp.*\n", "")),
    ("UFW without 443", "firewall-http-closed", sub(UFW, r"^ufw allow 443/tcp.*\n", "")),
    ("UFW allows udp 80 in place of tcp 8080", "firewall-http-closed", sub(UFW, r"^ufw allow 80/tcp", "ufw allow 8080/tcp")),
    ("UFW without 22", "firewall-ssh-lockout", sub(UFW, r"^ufw allow 22/tcp.*\n", "")),
    ("UFW enabled first", "firewall-ssh-lockout", sub(UFW, r"\A", "ufw --force enable\n")),
    ("UFW never enabled", "firewall-ufw-off", sub(UFW, r"ufw --force enable", "true")),
    ("no UFW at all", "firewall-ufw-off", gone("firewall-.*")),
    ("UFW's default allow", "firewall-default-allow", sub(UFW, r"default deny incoming", "default allow incoming")),
    ("UFW's default not set", "firewall-default-allow", sub(UFW, r"^ufw --force default deny incoming.*\n", "")),
    ("UFW opens 8080", "firewall-undeclared-port", sub(UFW, r"^ufw allow 80/tcp", "ufw allow 8080/tcp\nufw allow 80/tcp")),
    ("UFW opens all", "firewall-undeclared-port", sub(UFW, r"^ufw allow 80/tcp", "ufw allow 1:65535/tcp\nufw allow 80/tcp")),
    ("UFW opens Redis", "firewall-database-open", sub(UFW, r"^ufw allow 80/tcp", "ufw allow 6379/tcp\nufw allow 80/tcp")),
    ("UFW opens MongoDB", "firewall-database-open", sub(UFW, r"^ufw allow 80/tcp", "ufw allow 27017/tcp\nufw allow 80/tcp")),
    ("group without 80", "firewall-group-differs", gone("host-firewall-80")),
    ("group without 443", "firewall-group-differs", gone("host-firewall-443")),
    ("group without 22", "firewall-group-differs", gone("host-firewall-22")),
    ("group without service ports", "firewall-group-differs", gone("host-firewall-3001.*")),
    ("group's 80 is udp", "firewall-group-differs", put("host-firewall-80", "protocol", "udp")),
    ("group opens MongoDB", "firewall-database-open", put("host-firewall-80", "port", "27017")),
    ("group opens what UFW closes", "firewall-group-differs", sub(UFW, r"^ufw allow 3001:3010/tcp.*\n", "")),
    ("instance without a group", "firewall-no-group", drop(HOST, "firewallGroupId")),
    ("no guard for Docker", "firewall-docker-bypass",
     both(port(LLM, external=3008, ip="0.0.0.0"), sub(UFW, r"^-A DOCKER-USER -j DROP\n", ""))),
    ("guard without the ports", "firewall-docker-bypass",
     both(port(LLM, external=3008, ip="0.0.0.0"), sub(UFW, r"^-A DOCKER-USER -p tcp .*\n", ""))),
    ("port outside the range", "firewall-docker-bypass", port(LLM, external=8080, ip="0.0.0.0")),
    ("Redis published", "data-published", put(CACHE, "ports", [{"internal": 6379, "external": 6379}])),
    ("MongoDB published", "data-published", put(MONGO, "ports", [{"internal": 27017, "external": 27017, "ip": "0.0.0.0"}])),
    ("llm off the network", "network-container-outside", drop(LLM, "networksAdvanced")),
    ("redis on another network", "network-container-outside", put(CACHE, "networksAdvanced", [{"name": "bridge"}])),
    ("network missing", "network-missing", gone("network-bridge")),
    ("network renamed", "network-missing", put("network-bridge", "name", "mech-net")),
    ("network internal", "network-missing", put("network-bridge", "internal", True)),
    ("network without names", "network-missing", put("network-bridge", "driver", "macvlan")),
    ("redis renamed", "network-unknown-name", put(CACHE, "name", "cache")),
    ("mongodb renamed", "network-unknown-name", put(MONGO, "name", "database")),
    ("redis gone", "network-unknown-name", gone("datastores-redis")),
    ("wrong host in REDIS_URL", "network-unknown-name", env(QUEUE, "REDIS_URL", "redis://redis-server:6379")),
    ("wrong host in MONGODB_URI", "network-unknown-name", env(service("search"), "MONGODB_URI", "mongodb://mongo-db:27017/mech")),
    ("sequences without its way to queue", "network-unknown-name", drop(service("sequences"), "hosts")),
    ("nginx does not know queue for sequences", "network-unknown-name", conf(r"server_name queue\.mech\.internal", "server_name jobs.mech.internal")),
    ("host network", "network-host-mode", put(LLM, "networkMode", "host")),
    ("SSL off", "edge-ssl-mode", setting("ssl", "off")),
    ("SSL misspelt", "edge-ssl-mode", setting("ssl", "flexibel")),
    ("SSL not declared", "edge-ssl-mode", gone("edge-ssl")),
    ("redirect loop", "edge-redirect-loop", conf(r"^    listen 80;$", "    listen 80;\n    return 301 https://$host$request_uri;")),
    ("full without TLS", "edge-no-tls-origin", both(setting("ssl", "full"), conf(r"^ *listen 443 ssl.*\n", ""))),
    ("full without certificate", "edge-no-tls-origin", both(setting("ssl", "full"), conf(r"^ *ssl_certificate .*\n", ""))),
    ("flexible without 80", "edge-no-plain-origin", conf(r"^ *listen 80.*\n", "")),
    ("strict with self-signed", "edge-strict-self-signed", setting("ssl", "strict")),
    ("Always HTTPS off", "edge-http-allowed", setting("always-use-https", "off")),
    ("Always HTTPS not declared", "edge-http-allowed", gone("edge-always-use-https")),
    ("TLS 1.0", "edge-old-tls", setting("min-tls-version", "1.0")),
    ("TLS 1.1", "edge-old-tls", setting("min-tls-version", "1.1")),
    ("record missing", "edge-record-missing", gone("edge-llm")),
    ("record misspelt", "edge-record-missing", put("edge-queue", "name", "que.mech.is")),
    ("grey cloud", "edge-grey-cloud", put("edge-llm", "proxied", False)),
    ("grey by omission", "edge-grey-cloud", drop("edge-search", "proxied")),
    ("the guide's old address", "edge-wrong-address", put("edge-llm", "content", "207.148.31.73")),
    ("one record elsewhere", "edge-addresses-differ", put("edge-reader", "content", "192.0.2.99")),
    ("TTL on a proxied record", "edge-proxied-ttl", put("edge-llm", "ttl", 300)),
    ("OPENAI_API_KEY missing", "services-key-missing", env(LLM, "OPENAI_API_KEY", None)),
    ("OPENAI_API_KEY empty", "services-key-missing", env(LLM, "OPENAI_API_KEY", "")),
    ("ANTHROPIC_API_KEY placeholder", "services-key-missing", env(LLM, "ANTHROPIC_API_KEY", "changeme")),
    ("GITHUB_TOKEN missing", "services-key-missing", env(INDEXER, "GITHUB_TOKEN", None)),
    ("R2_SECRET_KEY placeholder", "services-key-missing", env(STORAGE, "R2_SECRET_KEY", "<your-key>")),
    ("OPENAI_API_KEY malformed", "services-key-malformed", env(LLM, "OPENAI_API_KEY", "pk-12345678901234567890")),
    ("GITHUB_TOKEN cut", "services-key-malformed", env(INDEXER, "GITHUB_TOKEN", "ghp_short")),
    ("R2 keys swapped", "services-key-malformed", env(STORAGE, "R2_ACCESS_KEY", "a" * 64)),
    ("a key where it does not belong", "services-key-elsewhere", env(service("reader"), "OPENAI_API_KEY", "sk-" + "a" * 24)),
    ("a key in a command", "services-key-in-command", sub("host-ready", r"\A", "export OPENAI_API_KEY=sk-proj-" + "a" * 24 + "\n")),
    ("two services on one port", "services-port-collision", port(QUEUE, external=13008)),
    ("a service on nginx's port", "services-port-collision", port(QUEUE, external=80)),
    ("published beside where it listens", "services-port-mismatch", port(LLM, internal=3000)),
    ("upstream port wrong", "services-upstream-port", conf(r"127\.0\.0\.1:13008", "127.0.0.1:13088")),
    ("upstream's container not published", "services-upstream-port", drop(LLM, "ports")),
    ("no health check", "services-no-health", drop(LLM, "healthcheck")),
    ("health check NONE", "services-no-health", put(LLM, "healthcheck", {"tests": ["NONE"]})),
    ("no restart", "services-no-restart", put(QUEUE, "restart", "no")),
    ("restart on failure only", "services-no-restart", put(QUEUE, "restart", "on-failure")),
    ("no memory limit", "services-no-memory-limit", drop(INDEXER, "memory")),
    ("no CPU limit", "services-no-cpu-limit", drop(INDEXER, "cpus")),
    ("limits over the plan", "services-over-plan", put(INDEXER, "memory", 9000)),
    ("plan too small", "services-over-plan", put(HOST, "plan", "vc2-1c-2gb")),
    ("latest image", "services-latest-image", put("images-llm", "name", "ghcr.io/mech-is/mech-llms:latest")),
    ("image without a tag", "services-latest-image", put("images-llm", "name", "ghcr.io/mech-is/mech-llms")),
    ("logs without rotation", "services-no-log-rotation", drop(QUEUE, "logOpts")),
    ("privileged", "services-privileged", put(INDEXER, "privileged", True)),
    ("Docker's socket", "services-docker-socket",
     put(INDEXER, "mounts", [{"source": "/var/run/docker.sock", "target": "/var/run/docker.sock", "type": "bind"}])),
    ("80 for one network only", "firewall-edge-shut-out", sub(UFW, r"^ufw allow 80/tcp", "ufw allow from 10.0.0.0/8 to any port 80 proto tcp")),
    ("443 at Vultr for one network only", "firewall-edge-shut-out", both(put("host-firewall-443", "subnet", "192.0.2.0"), put("host-firewall-443", "subnetSize", 24))),
    ("Redis without maxmemory", "data-redis-memory", written(REDIS, "redis.conf", r"^maxmemory .*\n", "")),
    ("Redis' maxmemory over its limit", "data-redis-memory", written(REDIS, "redis.conf", r"^maxmemory .*", "maxmemory 1gb")),
    ("Redis evicts", "data-redis-eviction", written(REDIS, "redis.conf", "noeviction", "allkeys-lru")),
    ("Redis forgets", "data-redis-persistence",
     both(written(REDIS, "redis.conf", r"^save .*", 'save ""'), written(REDIS, "redis.conf", r"^appendonly yes", "appendonly no"))),
    ("Redis' data inside", "data-redis-persistence", drop(CACHE, "mounts")),
    ("MongoDB without its volume", "data-mongodb-volume", drop(MONGO, "mounts")),
    ("MongoDB on tmpfs", "data-mongodb-volume", put(MONGO, "mounts", [{"target": "/data/db", "type": "tmpfs"}])),
    ("no block storage", "data-on-instance", gone("data-block")),
    ("uploads of 1 MB", "proxy-body-size", conf(r"^ *client_max_body_size .*\n", "")),
    ("uploads of 10 MB", "proxy-body-size", conf(r"client_max_body_size 100M", "client_max_body_size 10M")),
    ("no rate limit", "proxy-no-rate-limit", conf(r"^ *limit_req .*\n", "")),
    ("reload without a test", "proxy-untested-reload", sub(NGINX, r"nginx -t", "true")),
    ("nginx takes the edge for the client", "proxy-client-address", conf(r"^real_ip_header.*\n", "")),
    ("nginx believes everybody", "proxy-client-address", conf(r"^set_real_ip_from .*", "set_real_ip_from 0.0.0.0/0;")),
    ("no access log", "proxy-no-access-log", conf(r"access_log .*;", "access_log off;")),
    ("certificate for a week", "certificate-short", sub("certificates-self-signed", r"^VALID_DAYS=\d+", "VALID_DAYS=7")),
    ("certificate for another name", "certificate-names", sub("certificates-self-signed", r"DNS:\*\.\$DOMAIN", "DNS:*.example.com")),
    ("certificate never renewed", "certificate-not-renewed", sub("certificates-self-signed", r"checkend|\.timer", "x")),
    ("instance without a key", "host-no-ssh-key", drop(HOST, "sshKeyIds")),
    ("address not reserved", "host-no-reserved-ip", gone("host-address")),
]  # fmt: skip


def _harmless() -> list[tuple[str, Change]]:
    services = ("queue", "llm", "storage", "indexer", "sequences", "search", "reader", "memories")
    found: list[tuple[str, Change]] = [
        (f"{name} with {memory} MB", both(put(service(name), "memory", memory), put(service(name), "memorySwap", memory)))
        for name in services for memory in (256, 600)
    ]  # fmt: skip
    found.append(("the volume's attachment is declared", unpinned(attachedToInstance="host-instance-id")))
    found += [(f"{name} with 0.25 cores", put(service(name), "cpus", "0.25")) for name in services]
    found += [(f"{name} restarts always", put(service(name), "restart", "always")) for name in services]
    found += [
        (f"{name} with another label", put(service(name), "labels", [{"label": "team", "value": "a"}]))
        for name in services
    ]
    found += [(f"{name} on loopback", port(service(name), ip="127.0.0.1")) for name in services]
    found += [(f"{name} with more environment", env(service(name), "LOG_LEVEL", "debug")) for name in services]
    found += [
        (f"{name} with another version", put(f"images-{name}", "name", f"ghcr.io/mech-is/mech-{name}:2.1.0"))
        for name in services
    ]
    found += [
        ("SSL full", setting("ssl", "full")),
        ("TLS 1.3", setting("min-tls-version", "1.3")),
        ("a larger plan", put(HOST, "plan", "vc2-8c-32gb")),
        ("another region", put(HOST, "region", "fra")),
        ("another hostname", put(HOST, "hostname", "mech-2")),
        ("backups", put(HOST, "backups", "enabled")),
        ("larger uploads", conf(r"client_max_body_size 100M", "client_max_body_size 1G")),
        ("unlimited uploads", conf(r"client_max_body_size 100M", "client_max_body_size 0")),
        ("another rate", conf(r"rate=50r/s", "rate=10r/s")),
        ("a Redis with snapshots only", written(REDIS, "redis.conf", r"^appendonly yes", "appendonly no")),
        ("Redis saves oftener", written(REDIS, "redis.conf", r"^save .*", "save 60 1000")),
        ("SSH from one network", both(sub(UFW, r"^ufw allow 22/tcp", "ufw allow from 192.0.2.0/24 to any port 22 proto tcp"),
                                      put("host-firewall-22", "subnet", "192.0.2.0"), put("host-firewall-22", "subnetSize", 24))),
        ("a comment in nginx's config", conf(r"\A", "# listen 80 return 301\n")),
        ("a longer certificate", sub("certificates-self-signed", r"^VALID_DAYS=\d+", "VALID_DAYS=730")),
        ("larger log files", put(LLM, "logOpts", {"max-size": "50m", "max-file": "5"})),
        ("a comment on a record", put("edge-llm", "comment", "see wiki")),
    ]  # fmt: skip
    return found


HARMLESS = _harmless()
