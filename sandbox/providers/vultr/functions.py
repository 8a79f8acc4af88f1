"""Vultr's look-ups (`getBlockStorage` …): a list, filtered to exactly one element.

Source: terraform-provider-vultr, data_source_vultr_*.go: every filter must match, on any of its values.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sandbox.providers.bridge import camel
from sandbox.providers.contract import ProviderError
from sandbox.providers.vultr.client import VultrApi


class _Lookup(NamedTuple):
    path: str
    key: str  # of the list in the answer
    drop: tuple[str, ...] = ()  # what the function does not tell


LOOKUPS = {
    "vultr:index/getBlockStorage:getBlockStorage": _Lookup("blocks", "blocks"),
    "vultr:index/getFirewallGroup:getFirewallGroup": _Lookup("firewalls", "firewall_groups"),
    "vultr:index/getInstance:getInstance": _Lookup("instances", "instances", ("default_password",)),
    "vultr:index/getOs:getOs": _Lookup("os", "os"),
    "vultr:index/getPlan:getPlan": _Lookup("plans", "plans"),
    "vultr:index/getRegion:getRegion": _Lookup("regions", "regions"),
    "vultr:index/getReservedIp:getReservedIp": _Lookup("reserved-ips", "reserved_ips"),
    "vultr:index/getSshKey:getSshKey": _Lookup("ssh-keys", "ssh_keys"),
    "vultr:index/getStartupScript:getStartupScript": _Lookup("startup-scripts", "startup_scripts"),
    "vultr:index/getVpc:getVpc": _Lookup("vpcs", "vpcs"),
}
ACCOUNT = "vultr:index/getAccount:getAccount"


def invoke(api: VultrApi, token: str, args: dict[str, Any]) -> dict[str, Any]:
    """The function's result. Raises ProviderError when not exactly one element matches."""
    if token == ACCOUNT:
        account = api.call("GET", "account")["account"]
        return {"id": "account", **{camel(name): value for name, value in account.items()}}
    lookup = LOOKUPS.get(token)
    if lookup is None:
        raise ProviderError(f"the vultr stand-in has no function {token}: see sandbox/PARITY.md")
    filters = args.get("filters") or []
    if not filters:
        raise ProviderError("issue with filter: give `filters`, each with a `name` and `values`")
    found = [item for item in api.items(lookup.path, lookup.key) if all(_matches(item, one) for one in filters)]
    if not found:
        raise ProviderError("no results were found")
    if len(found) > 1:
        raise ProviderError("your search returned too many results. Please refine your search to be more specific")
    result = {camel(name): value for name, value in found[0].items() if name not in lookup.drop}
    return {**result, "id": str(found[0]["id"]), "filters": filters}


def _matches(item: dict[str, Any], one: dict[str, Any]) -> bool:
    value = item.get(str(one.get("name")))
    held = {_text(part) for part in (value if isinstance(value, list) else [value])}
    return any(_text(wanted) in held for wanted in one.get("values") or [])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
