"""Resources and their properties in the program's own terms, never with a secret value in them."""

from __future__ import annotations

import json
import re
from typing import Any

from mech_ops.drift.events import Json, Step

# Marks a secret in the engine's JSON (sdk/go/common/resource, sig.Key), and a value that is not known yet.
_SECRET, UNKNOWN = "4dabf18193072939515e22adb298388d", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# Read back from a host they come without a mark.
_ALWAYS_SECRET = {"envs", "environment", "connection", "stdin", "create", "update", "delete", "privateKey", "password"}
NOT_THERE = "not there"

# token: (word, the property that names it)
_NAMES = {
    "docker:index/container:Container": ("container", "name"),
    "docker:index/network:Network": ("network", "name"),
    "docker:index/remoteImage:RemoteImage": ("image", "name"),
    "cloudflare:index/dnsRecord:DnsRecord": ("record", "name"),
    "cloudflare:index/zoneSetting:ZoneSetting": ("setting", "settingId"),
    "cloudflare:index/ruleset:Ruleset": ("rules", "name"),
    "cloudflare:index/zone:Zone": ("zone", "name"),
    "cloudflare:index/originCaCertificate:OriginCaCertificate": ("origin certificate", ""),
    "vultr:index/instance:Instance": ("instance", "label"),
    "vultr:index/firewallRule:FirewallRule": ("Vultr's firewall rule for port", "port"),
    "vultr:index/firewallGroup:FirewallGroup": ("Vultr's firewall", "description"),
    "vultr:index/reservedIp:ReservedIp": ("address", "subnet"),
    "vultr:index/blockStorage:BlockStorage": ("block storage", "label"),
    "vultr:index/sSHKey:SSHKey": ("SSH key", "name"),
    "vultr:index/startupScript:StartupScript": ("start-up script", "name"),
    "command:remote:Command": ("command", ""),
    "command:local:Command": ("command", ""),
}
# The component that a resource stands under says which part of the platform it is.
_PARTS = {
    "Host": "host", "Firewall": "firewall", "Network": "docker", "Services": "services", "Proxy": "proxy",
    "Certificates": "certificate", "DataVolume": "data volume", "Datastores": "datastores", "Edge": "edge",
}  # fmt: skip


def subject(step: Step) -> str:
    """Such as "container mech-llms", by the name that it was declared under."""
    word, key = _NAMES.get(step.type, (step.type.rpartition(":")[2], ""))
    declared = step.old or step.new or {}
    value = (declared.get("inputs") or {}).get(key) or (declared.get("outputs") or {}).get(key)
    return f"{word} {value if isinstance(value, str) and key and value != UNKNOWN else step.name}"


def part(step: Step) -> str:
    """Part of the platform, such as "edge"."""
    if step.type.startswith("vultr:"):
        return "vultr"
    match = re.search(r"mech:platform:(\w+)\$", step.urn)
    found = _PARTS.get(match.group(1), match.group(1).lower()) if match else "stack"
    # Each database is a part of its own.
    return step.name.removeprefix("datastores-") if found == "datastores" and step.type.startswith("docker:") else found


def at(properties: Json, path: str) -> Any:
    """The value at a path such as `ports[0].ip` or `labels["a.b"]`; None where there is none."""
    value: Any = properties
    for name, quoted, index in re.findall(r'([^.\[\]"]+)(?=[.\[]|$)|\["([^"]*)"\]|\[(\d+)\]', path):
        try:
            value = value[int(index)] if index else value[name or quoted]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return _SECRET in value or any(has_secret(item) for item in value.values())
    return any(has_secret(item) for item in value) if isinstance(value, list) else value == "[secret]"


def shown(path: str, value: Any, *others: Any) -> str:
    """A value as a person reads it; [secret] when it, or what stands in its place elsewhere, is one."""
    if path.partition("[")[0].partition(".")[0] in _ALWAYS_SECRET or any(has_secret(one) for one in (value, *others)):
        return "[secret]"
    if value is None or value == []:
        return NOT_THERE
    if value == UNKNOWN:
        return "known after up"
    if isinstance(value, dict) and {"internal", "external"} <= set(value):
        return f"{value.get('ip') or 'all'}:{value['external']} → {value['internal']}/{value.get('protocol') or 'tcp'}"
    if isinstance(value, str):
        return value if value else "empty"
    if isinstance(value, float) and value == int(value):
        value = int(value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "…"
