"""Puts a stack right after `pulumi up` was killed: the lock, the pending operations, and what was made but not noted;
and after the host was halted or lost, or its Docker is down (mech_ops.host_state).

The engine writes "creating" into the state before it asks a provider, so whatever a killed run made is either noted as
made or stands there as pending. For each pending create we look for the thing by the name that only this program gives,
and remove it when the state does not know its id: the next `pulumi up` makes it anew. Never removed: the databases'
block storage (the program finds it by label and adopts it) and anything whose id is in the state.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mech_ops import host_shell, host_state, pulumi
from mech_ops.errors import OpsError

Json = dict[str, Any]

# token: (path, key of the list, field that is ours alone, name of the program's input)
_VULTR = {
    "vultr:index/sSHKey:SSHKey": ("ssh-keys", "ssh_keys", "name", "name"),
    "vultr:index/startupScript:StartupScript": ("startup-scripts", "startup_scripts", "name", "name"),
    "vultr:index/firewallGroup:FirewallGroup": ("firewalls", "firewall_groups", "description", "description"),
    "vultr:index/reservedIp:ReservedIp": ("reserved-ips", "reserved_ips", "label", "label"),
    "vultr:index/instance:Instance": ("instances", "instances", "label", "label"),
}


@dataclass(frozen=True)
class Orphan:
    """Something that exists at a provider and that the state does not know."""

    urn: str
    what: str
    how: str  # "vultr" or "cloudflare": `where` is a path to DELETE; "docker": `where` is a command for the host
    where: str


def pending(state: Json) -> list[Json]:
    """The operations that were under way when the engine ended."""
    return list(state.get("deployment", {}).get("pending_operations") or [])


def known_ids(state: Json) -> set[str]:
    return {r["id"] for r in state.get("deployment", {}).get("resources") or [] if r.get("id")}


def cleared(state: Json) -> Json:
    """The same state without pending operations."""
    deployment = {key: value for key, value in state["deployment"].items() if key != "pending_operations"}
    return {**state, "deployment": deployment}


class Vendors:
    """Looks for orphans through the providers' own APIs; tokens come from the environment, as for Pulumi."""

    def __init__(self, vultr: httpx.Client | None = None, cloudflare: httpx.Client | None = None) -> None:
        self.vultr = vultr or _client("MECH_VULTR_URL", "https://api.vultr.com/v2", "VULTR_API_KEY")
        self._cloudflare = cloudflare or _client(
            "CLOUDFLARE_BASE_URL", "https://api.cloudflare.com/client/v4", "CLOUDFLARE_API_TOKEN"
        )

    def find(self, operation: Json, ids: set[str]) -> list[Orphan]:
        """What a pending create left behind. Raises OpsError when an API cannot be asked."""
        resource = operation.get("resource") or {}
        urn, token, inputs = resource.get("urn", ""), resource.get("type", ""), resource.get("inputs") or {}
        if operation.get("type") != "creating":
            return []
        if token in _VULTR:
            path, key, field, given = _VULTR[token]
            found = self._get(self.vultr, f"/{path}", {"per_page": "500"}).get(key, [])
            return [
                Orphan(urn, f"{token.rpartition(':')[2]} {item[field]}", "vultr", f"/{path}/{item['id']}")
                for item in found
                if item.get(field) == inputs.get(given) and inputs.get(given) and item["id"] not in ids
            ]
        if token == "vultr:index/firewallRule:FirewallRule":
            return self._rules(urn, inputs, ids)
        if token == "cloudflare:index/dnsRecord:DnsRecord":
            zone = inputs.get("zoneId")
            query = {"name": str(inputs.get("name", "")), "type": str(inputs.get("type", ""))}
            found = self._get(self._cloudflare, f"/zones/{zone}/dns_records", query).get("result") or []
            return [
                Orphan(urn, f"DNS record {item['name']}", "cloudflare", f"/zones/{zone}/dns_records/{item['id']}")
                for item in found
                if item["id"] not in ids and item.get("content") == inputs.get("content")
            ]
        if token == "cloudflare:index/ruleset:Ruleset":
            zone = inputs.get("zoneId")
            found = self._get(self._cloudflare, f"/zones/{zone}/rulesets", {}).get("result") or []
            return [
                Orphan(urn, f"ruleset {item['name']}", "cloudflare", f"/zones/{zone}/rulesets/{item['id']}")
                for item in found
                if item.get("phase") == inputs.get("phase") and item.get("kind") == "zone" and item["id"] not in ids
            ]
        if token == "docker:index/container:Container" and inputs.get("name"):
            return [Orphan(urn, f"container {inputs['name']}", "docker", f"docker rm -f {inputs['name']}")]
        if token == "docker:index/network:Network" and inputs.get("name"):
            return [Orphan(urn, f"network {inputs['name']}", "docker", f"docker network rm {inputs['name']}")]
        return []

    def _rules(self, urn: str, inputs: Json, ids: set[str]) -> list[Orphan]:
        group = inputs.get("firewallGroupId")
        wanted = tuple(str(inputs.get(k, "")) for k in ("protocol", "port", "subnet", "subnetSize"))
        try:
            found = self._get(self.vultr, f"/firewalls/{group}/rules", {"per_page": "500"}).get("firewall_rules", [])
        except OpsError:
            return []  # the group itself is gone, and its rules with it
        return [
            Orphan(urn, f"firewall rule {wanted[0]} {wanted[1]}", "vultr", f"/firewalls/{group}/rules/{item['id']}")
            for item in found
            if tuple(str(item.get(k, "")) for k in ("protocol", "port", "subnet", "subnet_size")) == wanted
            and str(item["id"]) not in ids
        ]

    def remove(self, orphan: Orphan) -> None:
        """Delete it; what is gone already is fine. Raises OpsError."""
        client = self.vultr if orphan.how == "vultr" else self._cloudflare
        answer = client.delete(orphan.where)
        if answer.status_code >= 400 and answer.status_code != 404:
            raise OpsError(f"{orphan.what} could not be removed: HTTP {answer.status_code} from {client.base_url}")

    def _get(self, client: httpx.Client, path: str, query: dict[str, str]) -> Json:
        try:
            answer = client.get(path, params=query)
        except httpx.HTTPError as error:
            raise OpsError(f"{client.base_url} does not answer ({error}); try again when it does") from None
        if answer.status_code >= 400:
            raise OpsError(f"{client.base_url}{path} answered {answer.status_code}; is the token set and valid?")
        body: Json = answer.json()
        return body


def _client(url_variable: str, url: str, token_variable: str) -> httpx.Client:
    token = os.environ.get(token_variable, "")
    base = (os.environ.get(url_variable) or url).rstrip("/")
    return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def _folder(backend: str | None) -> Path | None:
    """Where a file backend (file://PATH) keeps its files; None for other backends."""
    if not backend or not backend.startswith("file://"):
        return None
    return Path(backend.removeprefix("file://").partition("?")[0]).expanduser() / ".pulumi"


def locks(backend: str | None) -> list[Path]:
    """Lock files of a file backend; other backends keep theirs elsewhere."""
    folder = _folder(backend)
    return sorted((folder / "locks").rglob("*.json")) if folder else []


def broken_notes(backend: str | None) -> list[Path]:
    """Attribute files that a killed engine left half-written: with one of them, its state cannot be read any more.

    The state itself is replaced whole; the note beside it (a checksum, made anew each time) is not
    (gocloud.dev fileblob: setAttrs before the rename).
    """

    def whole(note: Path) -> bool:
        try:
            json.loads(note.read_text())
        except (OSError, ValueError):
            return False
        return True

    folder = _folder(backend)
    return [note for note in sorted(folder.rglob("*.attrs")) if not whole(note)] if folder else []


def stale(lock: Path) -> bool:
    """Whether the process that took the lock is gone from this machine."""
    try:
        note = json.loads(lock.read_text())
    except (OSError, ValueError):
        return True
    if note.get("hostname") not in ("", None, os.uname().nodename):
        return False
    try:
        name = Path(f"/proc/{int(note['pid'])}/comm").read_text().strip()
    except (OSError, KeyError, ValueError):
        return True
    return "pulumi" not in name


def recover(
    stack: str | None, dry_run: bool = False, force: bool = False, reboot: bool = False
) -> list[tuple[str, str]]:
    """Do all of it; returns (what, what was done). An empty list: there was nothing. Raises OpsError."""
    done: list[tuple[str, str]] = []
    held = locks(os.environ.get("PULUMI_BACKEND_URL"))
    if held and not force and not all(stale(lock) for lock in held):
        raise OpsError("another `pulumi` is at work on this stack; wait for it, or use --force if you know it is dead")
    for note in broken_notes(os.environ.get("PULUMI_BACKEND_URL")):
        if not dry_run:
            note.unlink(missing_ok=True)
        done.append((f"{note.name}, half-written", "would be removed" if dry_run else "removed"))
    if held:
        if not dry_run:
            pulumi.run(pulumi.cancel_command(stack))
        done.append(("stack lock of a process that is gone", "released"))
    state: Json = json.loads(pulumi.run(pulumi.export_command(stack)))
    operations = pending(state)
    if not operations and host_state.instance(state) is None:
        return done
    vendors, ids = Vendors(), known_ids(state)
    healed, told = host_state.recover(state, vendors.vultr, dry_run, reboot)
    done += told
    if not operations:
        if healed is not state:
            pulumi.run(pulumi.import_command(stack), json.dumps(healed))
        return done
    for operation in operations:
        for orphan in vendors.find(operation, ids):
            if dry_run:
                done.append((orphan.what, "would be removed"))
            elif orphan.how == "docker":
                done.append((orphan.what, "removed" if host_shell.run(state, orphan.where) else "was not there"))
            else:
                vendors.remove(orphan)
                done.append((orphan.what, "removed"))
    if not dry_run:
        pulumi.run(pulumi.import_command(stack), json.dumps(cleared(healed)))
    done.append((f"{len(operations)} pending operation(s)", "cleared" if not dry_run else "would be cleared"))
    return done
