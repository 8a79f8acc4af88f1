"""`mech trust-host-key`: takes another host key into the state, after a person has compared it at Vultr's console.

With the old key in the state nothing gets in, not even the refresh of `pulumi up`; and no program may trust a new one by
itself, since a stranger in between looks the same. The key stands in many resources of the state (sensors, commands, the
Docker provider), always as the same text: all of it is changed at once, and the next preview has nothing to say.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mech_ops import hosts, pulumi
from mech_ops.errors import OpsError

Json = dict[str, Any]

_SCAN_S = 15
_TYPE = "ssh-ed25519"
# What a person has to do before this is anything but a stranger's word.
COMPARE = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"


@dataclass(frozen=True)
class Keys:
    """`remembered` is the state's, `shown` what answers at the address now; each as "ssh-ed25519 AAAA…"."""

    address: str
    remembered: str
    shown: str


def scan_command(address: str) -> list[str]:
    return ["ssh-keyscan", "-T", "5", "-t", "ed25519", address]


def keys(state: Json, name: str | None = None) -> Keys:
    """Of a fleet those of the host of that name. Raises OpsError where the state has none, or nobody answers."""
    if name:
        host = hosts.named(hosts.of(state["deployment"]["resources"]), name)
        if host.access is None:
            raise OpsError(f"this stack remembers no host key of {host.name}: bring it up first (`pulumi up`)")
        return Keys(host.address, host.access["host_key"].strip(), shown(host.address))
    outputs = next(
        (r.get("outputs") or {} for r in state["deployment"]["resources"] if r["type"] == "pulumi:pulumi:Stack"), {}
    )
    address, remembered = outputs.get("host_ip"), outputs.get("host_key")
    if not address or not remembered:
        raise OpsError("this stack remembers no host key: bring it up first (`pulumi up`)")
    return Keys(address, remembered.strip(), shown(address))


def shown(address: str) -> str:
    """The key that answers now. Raises OpsError."""
    try:
        done = subprocess.run(
            scan_command(address),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_SCAN_S,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        done = None
    found = re.search(rf"^\S+ ({_TYPE} \S+)", done.stdout if done else "", re.M)
    if not found:
        raise OpsError(
            f"host {address} shows no {_TYPE} key within {_SCAN_S} s: does SSH answer? mech diagnose says more"
        )
    return found.group(1)


def fingerprint(key: str) -> str:
    """As `ssh-keygen -l` has it. Raises OpsError for what is no key."""
    try:
        blob = base64.b64decode(key.split()[1], validate=True)
    except (IndexError, ValueError):
        raise OpsError(f"{key[:40]!r} is no SSH key") from None
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def trust(
    stack: str | None,
    compared: str | None,
    ask: Callable[[str], str],
    say: Callable[[str], None],
    name: str | None = None,
) -> bool:
    """Whether another key is trusted now; False where the remembered one answers. Raises OpsError.

    `compared` is the fingerprint that the console shows; without one a person is asked for it. `name`: a host of a fleet.
    """
    exported = pulumi.run(pulumi.export_command(stack))
    found = keys(json.loads(exported), name)
    if found.shown == found.remembered:
        return False
    new = fingerprint(found.shown)
    say(f"remembered by the stack: {fingerprint(found.remembered)}")
    say(f"host {found.address} shows: {new}")
    given = compared or ask(
        f"At Vultr's console (not by SSH) run `{COMPARE}`, and type the fingerprint that it shows, SHA256:…"
    )
    if given.strip().removeprefix("SHA256:") != new.removeprefix("SHA256:"):
        raise OpsError(
            f"the console shows another key than host {found.address} by SSH: nothing was changed. "
            "Somebody may stand in between: look who has that address (mech diagnose)"
        )
    pulumi.run(pulumi.import_command(stack), exported.replace(found.remembered, found.shown))
    return True
