"""Random drifts, as people make them: a shell on the host, clicks in Vultr's and Cloudflare's dashboards (their APIs).

Nothing here knows the program: what there is to break is found by looking, and whether a drift is gone again is judged
by looking at the same place, never by asking Pulumi.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

Json = dict[str, Any]


@dataclass
class Surface:
    """What such a person has: `host` runs a line as root and returns what it prints; `reach` tries a port from outside."""

    host: Callable[[str], str]
    reach: Callable[[int], str]
    vultr: httpx.Client
    cloudflare: httpx.Client
    rng: random.Random

    def pick(self, line: str) -> str:
        """One of the words that a command on the host prints."""
        return self.rng.choice(sorted(self.host(line).split()))

    def one(self, path: str, key: str) -> Json:
        found: list[Json] = ask(self.vultr, "GET", path)[key]
        return self.rng.choice(found)

    @property
    def zone(self) -> str:
        return f"/zones/{ask(self.cloudflare, 'GET', '/zones')['result'][0]['id']}"


def ask(client: httpx.Client, method: str, path: str, body: Json | None = None) -> Json:
    answer = client.request(method, path, json=body)
    assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
    found: Json = answer.json() if answer.content else {}
    return found


@dataclass(frozen=True)
class Drift:
    """`look` tells the state of the thing that `do` changes.

    `token` is set for what is not the program's: the line that tells of it must name it, and it must be left alone.
    `undo` takes away what such a drift, or one that was not repaired, leaves; `litter`: also what a repaired one leaves.
    """

    what: str
    look: Callable[[], str]
    do: Callable[[], object]
    token: str = ""
    undo: Callable[[], object] | None = None
    litter: bool = False


Kind = Callable[[Surface], Drift]
KINDS: dict[str, Kind] = {}


def kind(make: Kind) -> Kind:
    KINDS[make.__name__.replace("_", "-")] = make
    return make


def shell(s: Surface, what: str, look: str, do: str, token: str = "", undo: str = "") -> Drift:
    return Drift(what, lambda: s.host(look), lambda: s.host(do), token, (lambda: s.host(undo)) if undo else None)


# --- UFW and iptables

# Sorted: the order of accepting rules makes no difference (that of others before ours does: see ufw_rule_shadowed).
UFW = "ufw status verbose | sort; systemctl is-enabled ufw; iptables -S INPUT; iptables -S ufw-user-input | sort"
ALLOWED = "ufw show added | awk '/^ufw allow/ && $3 !~ /^22/ {print $3}'"


@kind
def ufw_rule_deleted(s: Surface) -> Drift:
    rule = s.pick(ALLOWED)
    return shell(s, f"ufw delete allow {rule}", UFW, f"ufw --force delete allow {rule}")


@kind
def ufw_rule_denied(s: Surface) -> Drift:
    rule = s.pick(ALLOWED)
    how = s.rng.choice(["deny", "reject", "limit"])
    return shell(s, f"ufw {how} {rule}", UFW, f"ufw {how} {rule}")


@kind
def ufw_rule_shadowed(s: Surface) -> Drift:
    rule = s.rng.choice(["80/tcp", "443/tcp", "80,443/tcp", "79:90/tcp"])
    port = 443 if rule.startswith("443") else 80
    return Drift(f"ufw insert 1 deny {rule}", lambda: s.reach(port), lambda: s.host(f"ufw insert 1 deny {rule}"),
                 undo=lambda: s.host(f"ufw --force delete deny {rule}"), litter=True)  # fmt: skip


@kind
def ufw_off(s: Surface) -> Drift:
    return shell(s, "ufw disable", UFW, "ufw disable")


@kind
def ufw_reset(s: Surface) -> Drift:
    return shell(s, "ufw reset", UFW, "ufw --force reset")


@kind
def ufw_default_changed(s: Surface) -> Drift:
    return shell(s, "ufw default allow incoming", UFW, "ufw default allow incoming")


@kind
def ufw_not_at_boot(s: Surface) -> Drift:
    return shell(s, "systemctl disable ufw", UFW, "systemctl disable ufw")


@kind
def ufw_foreign_rule(s: Surface) -> Drift:
    port, how = s.rng.randrange(20000, 60000), s.rng.choice(["allow", "deny"])
    return shell(s, f"ufw {how} {port}/tcp", "ufw show added", f"ufw {how} {port}/tcp", f"{how} {port}/tcp",
                 f"ufw --force delete {how} {port}/tcp")  # fmt: skip


@kind
def iptables_guard_flushed(s: Surface) -> Drift:
    return shell(s, "iptables -F DOCKER-USER", "iptables -S DOCKER-USER", "iptables -F DOCKER-USER")


@kind
def iptables_flushed(s: Surface) -> Drift:
    """Whoever does it locks everybody out, for UFW's policy is to drop: the dashboard's restart is the way back."""
    instance = s.one("/instances", "instances")

    def restart() -> None:
        ask(s.vultr, "POST", f"/instances/{instance['id']}/reboot")
        end = time.monotonic() + 60
        while s.reach(22) != "answers" and time.monotonic() < end:
            time.sleep(1)

    return Drift("iptables -F ufw-user-input", lambda: s.reach(80), lambda: s.host("iptables -F ufw-user-input"),
                 undo=restart)  # fmt: skip


@kind
def iptables_policy(s: Surface) -> Drift:
    return shell(s, "iptables -P INPUT ACCEPT", "iptables -S INPUT", "iptables -P INPUT ACCEPT")


@kind
def iptables_foreign_rule(s: Surface) -> Drift:
    port = s.rng.randrange(20000, 60000)
    rule = f"INPUT -p tcp -m tcp --dport {port} -j DROP"
    return shell(s, f"iptables -I {rule}", "iptables -S INPUT", f"iptables -I {rule}", f"--dport {port}",
                 f"iptables -D {rule}")  # fmt: skip


@kind
def iptables_drops_ours(s: Surface) -> Drift:
    port = s.rng.choice([80, 443])
    rule = f"INPUT -p tcp -m tcp --dport {port} -j DROP"
    return Drift(f"iptables -I {rule}", lambda: s.reach(port), lambda: s.host(f"iptables -I {rule}"),
                 undo=lambda: s.host(f"iptables -D {rule}"), litter=True)  # fmt: skip


@kind
def ufw_after_rules_edited(s: Surface) -> Drift:
    file = "/etc/ufw/after.rules"
    return shell(s, f"DOCKER-USER rules cut out of {file}", f"sha256sum {file}", f"sed -i '/DOCKER-USER/d' {file}")


# --- nginx and the files of the host


def unit(s: Surface, name: str, *hows: str) -> Drift:
    how = s.rng.choice(hows)
    return shell(s, f"systemctl {how} {name}", f"systemctl is-active {name}; systemctl is-enabled {name}; true",
                 f"systemctl {how} {name}", undo=f"systemctl unmask {name}; systemctl enable --now {name}")  # fmt: skip


@kind
def nginx_unit(s: Surface) -> Drift:
    return unit(s, "nginx", "stop", "disable", "disable --now", "mask --now")


@kind
def nginx_config_edited(s: Surface) -> Drift:
    edit = s.rng.choice(["s/127.0.0.1:3008/127.0.0.1:3999/", "s/client_max_body_size [0-9]*M/client_max_body_size 1M/",
                         "$a # hello", "0,/proxy_pass/s/^.*proxy_pass.*$/return 404;/"])  # fmt: skip
    file = "/etc/nginx/conf.d/mech.conf"
    return shell(
        s, f"sed -i '{edit}' {file}; reload", f"sha256sum {file}", f"sed -i '{edit}' {file} && nginx -s reload"
    )


@kind
def nginx_config_broken(s: Surface) -> Drift:
    file = "/etc/nginx/conf.d/mech.conf"
    return shell(s, f"a typo in {file}", f"sha256sum {file}", f"echo 'server {{ listen 80' >> {file}")


@kind
def nginx_runs_another_config(s: Surface) -> Drift:
    file = "/etc/nginx/conf.d/mech.conf"
    edit = f"cp -p {file} /tmp/keep && sed -i 's/127.0.0.1:3008/127.0.0.1:3999/' {file} && nginx -s reload && sleep 1"
    look = "curl -s -o /dev/null -w '%{http_code}' -H 'Host: llm.mech.is' -H 'X-Forwarded-Proto: https' http://127.0.0.1/health"
    return shell(s, f"{file} edited, reloaded, put back without a reload", look, f"{edit} && mv /tmp/keep {file}",
                 undo="nginx -s reload")  # fmt: skip


@kind
def nginx_main_config_edited(s: Surface) -> Drift:
    file = "/etc/nginx/nginx.conf"
    return shell(s, f"worker_connections 16 in {file}", f"sha256sum {file}",
                 f"cp -p {file} /tmp/nginx.conf && sed -i 's/worker_connections .*/worker_connections 16;/' {file}",
                 file, f"mv /tmp/nginx.conf {file}")  # fmt: skip


@kind
def nginx_foreign_site(s: Surface) -> Drift:
    name = f"/etc/nginx/conf.d/site{s.rng.randrange(1000)}.conf"
    text = f"server {{ listen 127.0.0.1:{s.rng.randrange(20000, 30000)}; }}"
    return shell(s, f"{name}: {text}", "ls /etc/nginx/conf.d", f"echo '{text}' > {name}; nginx -s reload", name,
                 f"rm {name}; nginx -s reload")  # fmt: skip


@kind
def file_removed(s: Surface) -> Drift:
    path = s.pick("ls -d /etc/nginx/conf.d/mech.conf /etc/logrotate.d/mech /opt/mech-services/*/.env "
                  "/usr/local/sbin/mech-* /etc/systemd/system/docker.service.d/*mech*")  # fmt: skip
    return shell(s, f"rm {path}", f"sha256sum {path} 2>&1; true", f"cp -p {path} /tmp/removed; rm {path}",
                 undo=f"cp -p /tmp/removed {path}")  # fmt: skip


@kind
def file_mode(s: Surface) -> Drift:
    path = s.pick("ls -d /etc/nginx/conf.d/mech.conf /etc/logrotate.d/mech /opt/mech-services/*/.env "
                  "/etc/ssl/mech/*.key /opt/mech-services/shared/redis/redis.conf")  # fmt: skip
    do = s.rng.choice(["chmod 666", "chown nobody", "chmod 755"])
    return shell(s, f"{do} {path}", f"stat -c '%a %U' {path}", f"{do} {path}")


@kind
def env_edited(s: Surface) -> Drift:
    path = s.pick("ls /opt/mech-services/*/.env")
    edit = s.rng.choice(["$a DEBUG=1", "s/^PORT=.*/PORT=9/", "1d", "s/redis:6379/localhost:6379/;$a X=1"])
    return shell(s, f"sed -i '{edit}' {path}", f"sha256sum {path}", f"sed -i '{edit}' {path}")


@kind
def script_edited(s: Surface) -> Drift:
    path = s.pick("ls /usr/local/sbin/mech-* /etc/systemd/system/mech-*.service /etc/systemd/system/mech-*.timer")
    return shell(s, f"a line added to {path}", f"sha256sum {path}",
                 f"cp -p {path} /tmp/script; echo '# hello' >> {path}", undo=f"cp -p /tmp/script {path}")  # fmt: skip


@kind
def timer_off(s: Surface) -> Drift:
    return unit(s, "mech-certificate.timer", "stop", "disable --now", "mask --now")


@kind
def authorized_key_added(s: Surface) -> Drift:
    file, who = "/root/.ssh/authorized_keys", f"someone{s.rng.randrange(1000)}"
    make = f"ssh-keygen -qt ed25519 -N '' -C {who} -f /tmp/{who}; cat /tmp/{who}.pub >> {file}; rm /tmp/{who}*"
    return shell(s, f"the key of {who} may log in as root", f"grep -c . {file}", make, who, f"sed -i '/{who}/d' {file}")


@kind
def ssh_not_at_boot(s: Surface) -> Drift:
    return shell(s, "systemctl disable ssh", "systemctl is-enabled ssh; true", "systemctl disable ssh")


# --- Docker

CONTAINERS = "docker ps --format '{{.Names}}'"
SERVICES = "docker ps --format '{{.Names}}' | grep ^mech-"


def inspected(s: Surface, name: str, field: str) -> str:
    return f"docker inspect --type container -f '{{{{{field}}}}}' {name} 2>&1; true"


@kind
def container_stopped(s: Surface) -> Drift:
    name = s.pick(CONTAINERS)
    do = s.rng.choice(["stop -t 2", "kill", "pause", "rm -f"])
    look = inspected(s, name, ".State.Status")
    return shell(
        s, f"docker {do} {name}", look, f"docker {do} {name}", undo=f"docker start {name}; docker unpause {name}"
    )


@kind
def container_limits(s: Surface) -> Drift:
    name = s.pick(SERVICES)
    mb = s.rng.choice([300, 700, 1500])
    do = s.rng.choice([f"--memory {mb}m --memory-swap {mb}m", f"--cpus {s.rng.choice(['0.25', '1.5', '2'])}",
                       f"--restart {s.rng.choice(['no', 'always', 'on-failure'])}"])  # fmt: skip
    look = f"docker inspect -f '{{{{.HostConfig.Memory}}}} {{{{.HostConfig.NanoCpus}}}} {{{{.HostConfig.RestartPolicy.Name}}}}' {name}"
    return shell(s, f"docker update {do} {name}", look, f"docker update {do} {name}")


@kind
def container_off_the_network(s: Surface) -> Drift:
    name = s.pick(CONTAINERS)
    look = "docker network inspect -f '{{range .Containers}}{{.Name}} {{end}}' mech-network | tr ' ' '\\n' | sort"
    return shell(s, f"docker network disconnect {name}", look, f"docker network disconnect mech-network {name}")


@kind
def container_on_another_network(s: Surface) -> Drift:
    name = s.pick(CONTAINERS)
    look = inspected(s, name, "range $n, $c := .NetworkSettings.Networks}}{{$n}} {{end")
    return shell(s, f"docker network connect bridge {name}", look, f"docker network connect bridge {name}")


@kind
def container_alias_lost(s: Surface) -> Drift:
    net = "mech-network"
    look = "docker inspect -f '{{range .NetworkSettings.Networks}}{{.Aliases}}{{end}}' mongodb | grep -ow mongo | sort -u; true"
    return shell(
        s, "mongodb reconnected without its other name", look,
        f"docker network disconnect {net} mongodb; docker network connect {net} mongodb",
        undo=f"docker network disconnect {net} mongodb; docker network connect --alias mongo {net} mongodb",
    )  # fmt: skip


@kind
def container_renamed(s: Surface) -> Drift:
    name = s.pick(SERVICES)
    there = f"docker ps -a --format '{{{{.Names}}}}' | grep -x {name}; true"
    return Drift(f"docker rename {name} {name}-old", lambda: s.host(there), lambda: s.host(f"docker rename {name} {name}-old"),
                 undo=lambda: s.host(f"docker rm -f {name}-old"), litter=True)  # fmt: skip


@kind
def container_made_by_hand(s: Surface) -> Drift:
    name = s.pick(SERVICES)
    again = f"docker rm -f {name}; docker run -d --name {name} --network mech-network redis:alpine"
    return shell(s, f"{name} is another image, made by hand", inspected(s, name, ".Config.Image"), again)


@kind
def container_inner_file(s: Surface) -> Drift:
    name = s.pick(SERVICES)
    return shell(s, f"a file changed inside {name}", f"docker exec {name} sh -c 'cat /tmp/mark 2>/dev/null; true'",
                 f"docker exec {name} sh -c 'mkdir -p /tmp; echo hello > /tmp/mark'",
                 undo=f"docker exec {name} rm /tmp/mark")  # fmt: skip


@kind
def stray_container(s: Surface) -> Drift:
    name = f"stray{s.rng.randrange(1000)}"
    return shell(s, f"docker run --name {name}", f"docker ps -a --format '{{{{.Names}}}}' | grep -x {name}; true",
                 f"docker run -d --name {name} redis:alpine", name, f"docker rm -f {name}")  # fmt: skip


@kind
def stray_network(s: Surface) -> Drift:
    name = f"stray{s.rng.randrange(1000)}"
    return shell(s, f"docker network create {name}", f"docker network ls --format '{{{{.Name}}}}' | grep -x {name}; true",
                 f"docker network create {name}", name, f"docker network rm {name}")  # fmt: skip


NETWORK = "docker network ls --filter name=^mech-network$ --format '{{.Name}} {{.Driver}}'; " \
    "docker network inspect -f '{{len .Labels}} {{len .Containers}}' mech-network 2>&1; true"  # fmt: skip
EMPTY = (
    "for c in $(docker ps -q); do docker network disconnect -f mech-network $c; done; docker network rm mech-network"
)


@kind
def network_removed(s: Surface) -> Drift:
    return shell(s, "mech-network removed", NETWORK, EMPTY)


@kind
def network_made_by_hand(s: Surface) -> Drift:
    return shell(s, "mech-network made anew by hand, all containers on it", NETWORK,
                 f"{EMPTY}; docker network create mech-network; "
                 "for c in $(docker ps -q); do docker network connect mech-network $c; done")  # fmt: skip


@kind
def image_retagged(s: Surface) -> Drift:
    tag = s.pick(
        "docker ps --format '{{.Image}}' | grep / ; docker images --format '{{.Repository}}:{{.Tag}}' | grep mech"
    )
    return shell(s, f"docker tag redis:alpine {tag}", f"docker image inspect -f '{{{{.Id}}}}' {tag}",
                 f"docker tag redis:alpine {tag}")  # fmt: skip


@kind
def image_untagged(s: Surface) -> Drift:
    tag = s.pick("docker images --format '{{.Repository}}:{{.Tag}}' | grep mech")
    return shell(
        s, f"docker rmi -f {tag}", f"docker image inspect -f '{{{{.Id}}}}' {tag} 2>&1; true", f"docker rmi -f {tag}"
    )


@kind
def docker_unit(s: Surface) -> Drift:
    do = s.rng.choice(["stop docker.socket docker", "disable docker", "disable --now docker docker.socket"])
    return shell(s, f"systemctl {do}", "systemctl is-active docker; systemctl is-enabled docker; true", f"systemctl {do}",
                 undo="systemctl enable --now docker")  # fmt: skip


# --- Redis, certificate, volume


@kind
def redis_setting(s: Surface) -> Drift:
    key, value = s.rng.choice([("maxmemory", "1048576"), ("maxmemory-policy", "allkeys-lru"), ("save", "''"),
                               ("appendonly", "no"), ("requirepass", "sesame")])  # fmt: skip
    ask_it = f"docker exec redis redis-cli config get {key} | tail -1"
    return shell(s, f"redis: config set {key} {value}", ask_it, f"docker exec redis redis-cli config set {key} {value}")


@kind
def redis_config_edited(s: Surface) -> Drift:
    file = "/opt/mech-services/shared/redis/redis.conf"
    return shell(s, f"maxmemory 1mb in {file}", f"sha256sum {file}", f"sed -i 's/^maxmemory .*/maxmemory 1mb/' {file}")


CERTIFICATE = "openssl x509 -in /etc/ssl/mech/mech.crt -noout -ext subjectAltName -checkend 864000 2>&1; " \
    "openssl x509 -in /etc/ssl/mech/mech.crt -noout -pubkey 2>&1 | cmp -s - <(openssl pkey -in /etc/ssl/mech/mech.key -pubout 2>&1) && echo match; true"  # fmt: skip


@kind
def certificate_changed(s: Surface) -> Drift:
    folder = "/etc/ssl/mech"
    new = f"openssl req -x509 -nodes -newkey rsa:2048 -keyout {folder}/mech.key -out {folder}/mech.crt 2>/dev/null"
    names = "-addext subjectAltName=DNS:*.mech.is,DNS:mech.is -subj /CN=mech.is"
    what, do = s.rng.choice([
        ("certificate removed", f"rm {folder}/mech.crt"),
        ("certificate for another name", f"{new} -days 365 -subj /CN=other -addext subjectAltName=DNS:other.example"),
        ("certificate ends in a day", f"{new} -days 1 {names}"),
        ("another key", f"openssl genrsa -out {folder}/mech.key 2048 2>/dev/null"),
    ])  # fmt: skip
    return shell(s, what, f"bash -c '{CERTIFICATE}'", do)


@kind
def volume_unmounted(s: Surface) -> Drift:
    path = "/opt/mech-services/shared/data"
    return shell(s, f"umount -l {path}", f"findmnt -no TARGET {path}; true", f"umount -l {path}")


@kind
def volume_not_at_boot(s: Surface) -> Drift:
    return shell(
        s, "systemctl disable mech-data", "systemctl is-enabled mech-data; true", "systemctl disable mech-data"
    )


# --- Cloudflare's dashboard


def record(s: Surface) -> Json:
    found: list[Json] = ask(s.cloudflare, "GET", f"{s.zone}/dns_records")["result"]
    return s.rng.choice(sorted((r for r in found if r["type"] == "A"), key=lambda r: r["name"]))


def records(s: Surface, name: str) -> str:
    found = ask(s.cloudflare, "GET", f"{s.zone}/dns_records?name={name}")["result"]
    return str(sorted((r["type"], r["content"], r["proxied"], r["ttl"]) for r in found))


def patched(s: Surface, what: str, change: Json) -> Drift:
    chosen = record(s)
    path = f"{s.zone}/dns_records/{chosen['id']}"
    return Drift(f"{chosen['name']}: {what}", lambda: records(s, chosen["name"]),
                 lambda: ask(s.cloudflare, "PATCH", path, change))  # fmt: skip


@kind
def record_grey(s: Surface) -> Drift:
    return patched(s, "proxied off", {"proxied": False})


@kind
def record_elsewhere(s: Surface) -> Drift:
    content = f"203.0.113.{s.rng.randrange(1, 255)}"
    return patched(s, f"content {content}", {"content": content})


@kind
def record_renamed(s: Surface) -> Drift:
    return patched(s, "renamed", {"name": f"old{s.rng.randrange(100)}.mech.is"})


@kind
def record_deleted(s: Surface) -> Drift:
    chosen = record(s)
    return Drift(f"{chosen['name']} deleted", lambda: records(s, chosen["name"]),
                 lambda: ask(s.cloudflare, "DELETE", f"{s.zone}/dns_records/{chosen['id']}"))  # fmt: skip


def record_added(s: Surface, name: str, kind_: str, content: str) -> Drift:
    made: Json = {}
    body = {"type": kind_, "name": name, "content": content, "ttl": 1, "proxied": kind_ != "TXT"}
    return Drift(f"{kind_} record {name} {content} added", lambda: records(s, name),
                 lambda: made.update(ask(s.cloudflare, "POST", f"{s.zone}/dns_records", body)["result"]), name,
                 lambda: ask(s.cloudflare, "DELETE", f"{s.zone}/dns_records/{made['id']}"))  # fmt: skip


@kind
def record_foreign(s: Surface) -> Drift:
    return record_added(s, f"blog{s.rng.randrange(100)}.mech.is", s.rng.choice(["A", "TXT"]), "203.0.113.9")


@kind
def record_beside_ours(s: Surface) -> Drift:
    return record_added(s, record(s)["name"], *s.rng.choice([("A", "203.0.113.9"), ("AAAA", "2001:db8::9")]))


@kind
def edge_setting(s: Surface) -> Drift:
    name, value = s.rng.choice([("ssl", "off"), ("ssl", "full"), ("ssl", "strict"), ("always_use_https", "off"),
                                ("min_tls_version", "1.0"), ("min_tls_version", "1.3")])  # fmt: skip
    path = f"{s.zone}/settings/{name}"
    return Drift(f"{name} = {value}", lambda: str(ask(s.cloudflare, "GET", path)["result"]["value"]),
                 lambda: ask(s.cloudflare, "PATCH", path, {"value": value}))  # fmt: skip


@kind
def edge_setting_of_others(s: Surface) -> Drift:
    path = f"{s.zone}/settings/brotli"
    return Drift("brotli = off", lambda: str(ask(s.cloudflare, "GET", path)["result"]["value"]),
                 lambda: ask(s.cloudflare, "PATCH", path, {"value": "off"}), "",
                 lambda: ask(s.cloudflare, "PATCH", path, {"value": "on"}))  # fmt: skip


@kind
def edge_rule_of_others(s: Surface) -> Drift:
    made: Json = {}
    rule = {"action": "block", "expression": f'(http.request.uri.path eq "/x{s.rng.randrange(99)}")', "enabled": True}
    body = {"name": "by hand", "kind": "zone", "phase": "http_request_firewall_custom", "rules": [rule]}
    return Drift("a rule at the edge that blocks a path", lambda: str(len(ask(s.cloudflare, "GET", f"{s.zone}/rulesets")["result"])),
                 lambda: made.update(ask(s.cloudflare, "POST", f"{s.zone}/rulesets", body)["result"]), "by hand",
                 lambda: s.cloudflare.delete(f"{s.zone}/rulesets/{made['id']}"))  # fmt: skip


# --- Vultr's dashboard


def firewall(s: Surface) -> str:
    return f"/firewalls/{s.one('/firewalls', 'firewall_groups')['id']}/rules"


def vultr_rules(s: Surface, path: str) -> str:
    return str(sorted((r["protocol"], r["port"], r["subnet"]) for r in ask(s.vultr, "GET", path)["firewall_rules"]))


@kind
def vultr_rule_deleted(s: Surface) -> Drift:
    path = firewall(s)
    found: list[Json] = [r for r in ask(s.vultr, "GET", path)["firewall_rules"] if r["port"] != "22"]
    rule = s.rng.choice(found)
    return Drift(f"Vultr's rule for {rule['port']} deleted", lambda: vultr_rules(s, path),
                 lambda: ask(s.vultr, "DELETE", f"{path}/{rule['id']}"))  # fmt: skip


@kind
def vultr_rule_added(s: Surface) -> Drift:
    path, port = firewall(s), str(s.rng.randrange(20000, 60000))
    made: Json = {}
    body = {"ip_type": "v4", "protocol": "tcp", "port": port, "subnet": "0.0.0.0", "subnet_size": 0, "notes": "by hand"}
    return Drift(f"Vultr's firewall opens {port}", lambda: vultr_rules(s, path),
                 lambda: made.update(ask(s.vultr, "POST", path, body)["firewall_rule"]), port,
                 lambda: ask(s.vultr, "DELETE", f"{path}/{made['id']}"))  # fmt: skip


def patched_instance(s: Surface, field: str, value: object) -> Drift:
    instance = s.one("/instances", "instances")
    path = f"/instances/{instance['id']}"
    return Drift(f"instance: {field} = {value!r}", lambda: str(ask(s.vultr, "GET", path)["instance"][field]),
                 lambda: ask(s.vultr, "PATCH", path, {field: value}))  # fmt: skip


@kind
def instance_label(s: Surface) -> Drift:
    return patched_instance(s, "label", f"server{s.rng.randrange(100)}")


@kind
def instance_tags(s: Surface) -> Drift:
    return patched_instance(s, "tags", ["mech", "old"])


@kind
def instance_without_firewall(s: Surface) -> Drift:
    return patched_instance(s, "firewall_group_id", "")


@kind
def vultr_label(s: Surface) -> Drift:
    path, key, one, field = s.rng.choice([
        ("/reserved-ips", "reserved_ips", "reserved_ip", "label"), ("/blocks", "blocks", "block", "label"),
        ("/firewalls", "firewall_groups", "firewall_group", "description"), ("/ssh-keys", "ssh_keys", "ssh_key", "name"),
        ("/startup-scripts", "startup_scripts", "startup_script", "name"),
    ])  # fmt: skip
    at = f"{path}/{s.one(path, key)['id']}"
    method = "PUT" if path == "/firewalls" else "PATCH"
    return Drift(f"{at.rpartition('/')[0]}: {field} = other", lambda: str(ask(s.vultr, "GET", at)[one][field]),
                 lambda: ask(s.vultr, method, at, {field: "other"}))  # fmt: skip


@kind
def vultr_ssh_key_deleted(s: Surface) -> Drift:
    at = f"/ssh-keys/{s.one('/ssh-keys', 'ssh_keys')['id']}"
    return Drift("the SSH key deleted at Vultr", lambda: str(ask(s.vultr, "GET", "/ssh-keys")["meta"]["total"]),
                 lambda: ask(s.vultr, "DELETE", at))  # fmt: skip


def choose(s: Surface, rounds: int) -> list[str]:
    """Kinds for so many rounds: in a random order, and none again before all were there."""
    chosen: list[str] = []
    while len(chosen) < rounds:
        chosen += s.rng.sample(sorted(KINDS), len(KINDS))
    return chosen[:rounds]
