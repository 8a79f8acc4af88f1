"""A person in Cloudflare's and Vultr's dashboards."""

from __future__ import annotations

from .surface import Drift, Json, Surface, ask, kind


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


# The instance's label is not among these: the official plugin of the pinned version never reads it.
@kind
def instance_tags(s: Surface) -> Drift:
    return patched_instance(s, "tags", ["mech", "old"])


@kind
def instance_without_firewall(s: Surface) -> Drift:
    return patched_instance(s, "firewall_group_id", "")


@kind
def vultr_detached(s: Surface) -> Drift:
    path, key, one, field, body = s.rng.choice([
        ("/reserved-ips", "reserved_ips", "reserved_ip", "instance_id", {}),
        ("/blocks", "blocks", "block", "attached_to_instance", {"live": True}),
    ])  # fmt: skip
    at = f"{path}/{s.one(path, key)['id']}"
    return Drift(f"{one} detached", lambda: str(ask(s.vultr, "GET", at)[one][field]),
                 lambda: ask(s.vultr, "POST", f"{at}/detach", body))  # fmt: skip


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
