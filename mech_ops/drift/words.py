"""Resources in the program's own terms: their names, and the part of the platform that they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mech_ops.drift.events import Step
from mech_ops.drift.values import UNKNOWN

# token: (word, the property that names it)
_NAMES = {
    "docker:index/container:Container": ("container", "name"),
    "docker:index/network:Network": ("network", "name"),
    "docker:index/remoteImage:RemoteImage": ("image", "name"),
    "docker:index/service:Service": ("service", "name"),
    "docker:index/secret:Secret": ("secret", "name"),
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
    "vultr:index/vpc:Vpc": ("private network", "description"),
    "vultr:index/sSHKey:SSHKey": ("SSH key", "name"),
    "vultr:index/startupScript:StartupScript": ("start-up script", "name"),
    "command:remote:Command": ("command", ""),
    "command:local:Command": ("command", ""),
}
# The component that a resource stands under says which part of the platform it is.
_PARTS = {
    "Host": "host", "Firewall": "firewall", "Network": "docker", "Services": "services", "Proxy": "proxy",
    "Certificates": "certificate", "DataVolume": "data volume", "Datastores": "datastores", "Edge": "edge",
    "Swarm": "swarm", "Tasks": "services", "Draining": "proxy",
}  # fmt: skip


def subject(step: Step) -> str:
    """Such as "container mech-llms", by the name that it was declared under."""
    word, key = _NAMES.get(step.type, (step.type.rpartition(":")[2], ""))
    declared = step.old or step.new or {}
    value = (declared.get("inputs") or {}).get(key) or (declared.get("outputs") or {}).get(key)
    known = value if isinstance(value, str) and key and value != UNKNOWN else step.name
    return f"{word} {known}{_source(declared.get('inputs') or {})}"


def _source(inputs: Mapping[str, Any]) -> str:
    """Of a firewall rule that is not for everybody."""
    subnet = inputs.get("subnet")
    return f" from {subnet}/{int(inputs['subnetSize'] or 0)}" if subnet and inputs.get("subnetSize") else ""


def part(step: Step) -> str:
    """Part of the platform, such as "edge"."""
    if step.type.startswith("vultr:"):
        return "vultr"
    match = re.search(r"mech:platform:(\w+)\$", step.urn)
    found = _PARTS.get(match.group(1), match.group(1).lower()) if match else "stack"
    # Each database is a part of its own.
    return step.name.removeprefix("datastores-") if found == "datastores" and step.type.startswith("docker:") else found
