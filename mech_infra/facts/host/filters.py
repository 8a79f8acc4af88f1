"""What else lets packets through or not: address translation, UFW's other defaults and files, bans, connection tracking."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mech_infra.facts.host.onhost import run, text
from mech_infra.facts.host.program import asked, on_host
from mech_infra.facts.host.ufw import tuples


@asked(edited=["before", "before6", "after6"])  # after.rules has our guard, which `ufw` reads
def filters(edited: list[str]) -> dict[str, Any]:
    """`nat` is None where iptables does not say; `edited` are files of UFW's that should be as its package brought them."""
    code, nat = run("iptables", "-w", "2", "-t", "nat", "-S", timeout=5)
    defaults = text("/etc/default/ufw") or ""
    counts = [text(f"/proc/sys/net/netfilter/nf_conntrack_{name}") for name in ("count", "max")]
    return {
        "nat": nat.splitlines() if code == 0 else None,
        **{name: default(defaults, name) for name in ("input", "output", "forward")},
        "before_edited": [
            f"/etc/ufw/{name}.rules" for name in edited
            if differs(f"/etc/ufw/{name}.rules", f"/usr/share/ufw/iptables/{name}.rules")
        ],
        "rules6": tuples("/etc/ufw/user6.rules"),
        "banned": banned(),
        "conntrack": [int(count) for count in counts if count] or None,
    }  # fmt: skip


@on_host
def default(text_: str, name: str) -> str:
    """UFW's policy for what comes in, goes out or is forwarded: ACCEPT, DROP or REJECT; "" where none is set."""
    found = re.findall(rf'^DEFAULT_{name.upper()}_POLICY="?(\w+)', text_, re.M)
    return found[-1] if found else ""


@on_host
def differs(path: str, packaged: str) -> bool:
    """A file that is missing differs, too; where the package brings none, nobody knows."""
    try:
        brought = Path(packaged).read_bytes()
    except OSError:
        return False
    try:
        return Path(path).read_bytes() != brought
    except OSError:
        return True


@on_host
def banned() -> dict[str, list[str]]:
    """fail2ban's addresses, by the chain or set that it keeps them in."""
    found: dict[str, list[str]] = {}
    for tool in ("iptables", "ip6tables"):
        for chain, address in re.findall(r"^-A (f2b-\S+) -s (\S+)", run(tool, "-w", "2", "-S", timeout=5)[1], re.M):
            found.setdefault(chain, []).append(re.sub(r"/(32|128)$", "", address))
    for name, address in re.findall(r"^add (f2b-\S+) (\S+)", run("ipset", "save", timeout=5)[1], re.M):
        found.setdefault(name, []).append(address)
    for name, addresses in nft_sets(run("nft", "-j", "list", "ruleset", timeout=5)[1]).items():
        found.setdefault(name, []).extend(addresses)
    return found


@on_host
def nft_sets(said: str) -> dict[str, list[str]]:
    """The addresses in fail2ban's sets of nftables (its table is called f2b-table); what `nft -j` says is JSON."""
    try:
        rules = json.loads(said)["nftables"]
    except (ValueError, KeyError):
        return {}
    found: dict[str, list[str]] = {}
    for entry in rules:
        about = entry.get("set") or {}
        if str(about.get("table", "")).startswith("f2b"):
            for one in about.get("elem") or []:
                value = one.get("elem", {}).get("val", one) if isinstance(one, dict) else one
                prefix = value.get("prefix") if isinstance(value, dict) else None
                shown = f"{prefix['addr']}/{prefix['len']}" if prefix else str(value)
                found.setdefault(about["name"], []).append(shown)
    return found
