"""What `mech recover` does about the host itself: starts one that is halted, gives one its address back, forgets what
died with one that is gone.

What is wrong on a host that runs is mech_ops.recovery's.

The engine asks Docker about every container before it plans anything, so on a host that is halted or gone no plan comes
about (pulumi-docker has no way to say "not reachable now"). The instance itself is no matter of ours: the provider sees
that it is gone, and the program makes it anew.
"""

from __future__ import annotations

import itertools
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from mech_infra.guard.judging import INSTANCE, RESERVED_IP
from mech_ops import api, host_shell, hosts, recovery
from mech_ops.errors import OpsError
from mech_ops.hosts import Host

Json = dict[str, Any]

# Of the first host: what runs where the swarm's state is kept on the volume (mech_infra.components.swarm).
_KEPT = "swarm-kept"
_NETWORK = "docker:index/network:Network"
_OF_SWARM = ("docker:index/service:Service", "docker:index/secret:Secret")
# To ask for services needs the host that is to be made; that it is gone is noted in the state.
_ANEW = (
    "`pulumi up --refresh=false` (or mech up) makes the host anew, which manages the same swarm from the data volume"
)

_BOOT_S = 180
_GOES_DOWN_S = 5
_REBOOT_S = 60
_SSH = 22
# Not so often that `ufw limit` (6 new connections in 30 s) takes it for an attack.
_AGAIN_S = 7.0


def instance(state: Json) -> Json | None:
    """The stack's instance as the state has it; of a fleet the first host's."""
    made = [r for r in _resources(state) if r.get("type") == INSTANCE and r.get("id")]
    first = next((host.instance for host in hosts.of(_resources(state))), "")
    return next((r for r in made if r["id"] == first), None)


def in_docker(state: Json) -> list[str]:
    """URNs of what lives in the host's Docker."""
    return [r["urn"] for r in _resources(state) if r.get("type", "").startswith("docker:")]


def in_swarm(state: Json) -> list[str]:
    """URNs of those that are the swarm's, and are there again with its state: it is on the data volume, and nobody else went on
    with it. Empty for a host that is alone, or whose swarm has other managers."""
    resources = _resources(state)
    kept = any(r["urn"].endswith(f"::{_KEPT}") for r in resources)
    if not kept or sum(host.role == "manager" for host in hosts.of(resources)) != 1:
        return []
    between = (r["urn"] for r in resources if r.get("type") == _NETWORK and r["inputs"].get("driver") == "overlay")
    return [*between, *(r["urn"] for r in resources if r.get("type") in _OF_SWARM)]


def to_come(state: Json) -> bool:
    """Whether the swarm's first host was lost and noted as gone, and `pulumi up` makes it anew: nobody can be asked before."""
    return instance(state) is None and bool(in_swarm(state))


def without(state: Json, gone: list[str]) -> Json:
    """The state without these resources, and without any word of them in the others."""
    lost = set(gone)

    def kept(resource: Json) -> Json:
        resource = {**resource}
        if resource.get("dependencies"):
            resource["dependencies"] = [urn for urn in resource["dependencies"] if urn not in lost]
        if resource.get("propertyDependencies"):
            resource["propertyDependencies"] = {
                key: [urn for urn in urns or [] if urn not in lost]
                for key, urns in resource["propertyDependencies"].items()
            }
        if resource.get("deletedWith") in lost:
            del resource["deletedWith"]
        return resource

    left = [kept(resource) for resource in _resources(state) if resource["urn"] not in lost]
    return {**state, "deployment": {**state["deployment"], "resources": left}}


def recover(
    state: Json, vultr: httpx.Client, dry_run: bool, reboot: bool = False, wait_s: float = _BOOT_S
) -> tuple[Json, list[tuple[str, str]]]:
    """Returns (the state, what was done); a new state must be written back. Raises OpsError when Vultr cannot be asked.

    `reboot`: also a host that runs and does not answer SSH. Its own rules, as saved, are in force again after that.
    Of a fleet the first host comes first: it manages the swarm.
    """
    there = hosts.of(_resources(state))
    healed, done = _first(state, vultr, dry_run, reboot, wait_s)
    if len(there) < 2:
        return healed, done
    done = [(f"{there[0].name}: {what}", how) for what, how in done]
    wrong: list[str] = []

    def mend(host: Host) -> list[tuple[str, str]]:
        try:
            return [(f"{host.name}: {what}", how) for what, how in _member(state, vultr, host, dry_run, reboot, wait_s)]
        except OpsError as error:
            wrong.append(f"{host.name}: {error}")
            return []

    with ThreadPoolExecutor(len(there) - 1) as pool:
        done += [told for some in pool.map(mend, there[1:]) for told in some]
    if wrong and healed is state:
        raise OpsError("; ".join([*wrong, *(f"{what}: {how}" for what, how in done)]))
    return healed, done + [(said, "not mended: mech recover again, after `pulumi up`") for said in wrong]


def _member(
    state: Json, vultr: httpx.Client, host: Host, dry_run: bool, reboot: bool, wait_s: float
) -> list[tuple[str, str]]:
    """The same of a host beside the first one. Nothing of it is in the way of a plan: what ran there is the swarm's."""
    found = api.ask(vultr, "GET", f"/instances/{host.instance}") if host.instance else None
    if found is None:
        if not host.instance:
            return []
        return [
            (
                f"instance {host.instance} is gone",
                "`pulumi up` makes the host anew; its tasks run on the others meanwhile",
            )
        ]
    about = found["instance"]
    told = _attach(state, vultr, host.instance, host.address, dry_run, host.reserved_ip)
    if told and dry_run:
        return told
    return told + _wake(state, vultr, host.instance, about["power_status"], host.address, dry_run, reboot, wait_s, host)


def _first(
    state: Json, vultr: httpx.Client, dry_run: bool, reboot: bool, wait_s: float
) -> tuple[Json, list[tuple[str, str]]]:
    known = instance(state)
    if known is None:
        return state, [("the first host is gone", f"now {_ANEW}")] if to_come(state) else []
    found = api.ask(vultr, "GET", f"/instances/{known['id']}")
    if found is None:
        stays = in_swarm(state)
        lost = [urn for urn in in_docker(state) if urn not in stays]
        if not lost:
            return state, []
        what = f"instance {known['id']} is gone, and {len(lost)} resources of its Docker with it"
        anew, gone = ("`pulumi up` makes the host anew", lost) if not stays else (_ANEW, [known["urn"], *lost])
        if dry_run:
            return state, [(what, f"would be forgotten; then {anew}")]
        return without(state, gone), [(what, f"forgotten; now {anew}")]
    about = found["instance"]
    address = address_of(state) or about["main_ip"]
    told = _attach(state, vultr, known["id"], address, dry_run)
    if told and dry_run:
        return state, told  # what comes after it cannot be asked before
    return state, told + _wake(state, vultr, known["id"], about["power_status"], address, dry_run, reboot, wait_s)


def _attach(
    state: Json, vultr: httpx.Client, instance: str, address: str, dry_run: bool, reserved: str = ""
) -> list[tuple[str, str]]:
    """The reserved address, by which everybody reaches the host, at the instance again. Raises OpsError."""
    id_ = reserved or next((host.reserved_ip for host in hosts.of(_resources(state))), "")
    found = api.ask(vultr, "GET", f"/reserved-ips/{id_}") if id_ else None
    at = (found or {}).get("reserved_ip", {}).get("instance_id") or ""
    if found is None or at == instance:
        return []
    if at:
        raise OpsError(
            f"the address {address} is at instance {at}, not at this stack's ({instance}): if nothing there needs it, "
            "detach it there at Vultr, then mech recover"
        )
    if not dry_run:
        api.ask(vultr, "POST", f"/reserved-ips/{id_}/attach", body={"instance_id": instance})
    return [(f"the address {address} was detached from the instance", "would be attached" if dry_run else "attached")]


def _wake(
    state: Json,
    vultr: httpx.Client,
    instance: str,
    power: str,
    address: str,
    dry_run: bool,
    reboot: bool,
    wait_s: float,
    member: Host | None = None,
) -> list[tuple[str, str]]:
    """One that is there is started where it is halted, and what is on it mended. Raises OpsError."""
    done: list[tuple[str, str]] = []
    used = member.access is not None if member else bool(in_docker(state))
    if power != "running":
        if dry_run:
            return [(f"host {address} is {power}", "would be started")]
        api.ask(vultr, "POST", f"/instances/{instance}/start")
        if not answers(address, wait_s):
            raise OpsError(
                f"host {address} was started, but SSH does not answer after {wait_s:.0f} s: look at its console at Vultr"
            )
        done.append((f"host {address} was {power}", "started; SSH answers"))
    # One that is being rebooted answers within that time, too.
    elif used and not answers(address, min(wait_s, _REBOOT_S)):
        if not reboot or dry_run:
            advice = "mech:host.sshFrom must contain this machine's address; if it does: mech recover --reboot"
            return [(f"host {address} runs at Vultr, but SSH does not answer", advice)]
        host_shell.part(state, member)
        api.ask(vultr, "POST", f"/instances/{instance}/reboot")
        time.sleep(_GOES_DOWN_S)
        if not answers(address, wait_s):
            raise OpsError(f"host {address} was rebooted, but SSH still does not answer: look at its console at Vultr")
        done.append((f"host {address} ran, but SSH did not answer", "rebooted; SSH answers"))
    return done + (recovery.mend(state, vultr, address, dry_run, member) if used else [])


def address_of(state: Json) -> str | None:
    """The reserved address, by which everybody reaches the host."""
    id_ = next((host.reserved_ip for host in hosts.of(_resources(state))), "")
    for resource in _resources(state):
        if resource.get("type") == RESERVED_IP and resource.get("id") == id_:
            return str((resource.get("outputs") or {}).get("subnet") or "") or None
    return None


def answers(address: str, wait_s: float) -> bool:
    """Whether port 22 takes a connection within `wait_s` seconds."""
    end = time.monotonic() + wait_s
    for pause in itertools.chain((1.0,), itertools.repeat(_AGAIN_S)):
        try:
            with socket.create_connection((address, _SSH), timeout=3):
                return True
        except OSError:
            if time.monotonic() + pause > end:
                return False
            time.sleep(pause)
    return False


def _resources(state: Json) -> list[Json]:
    return list(state.get("deployment", {}).get("resources") or [])
