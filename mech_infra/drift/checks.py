"""What a sensor looks at: each check has a label, the word for "as declared", and what its judge needs to know."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mech_infra.commands import mongodb, nginx, redis
from mech_infra.commands.containers import REPLICA, SERVICE, VERSION
from mech_infra.commands.firewall import Allow, closing


@dataclass(frozen=True)
class Check:
    """One fact of the host in the program's own terms: `label: good` is what the stack's state shows."""

    label: str
    good: str
    kind: str  # names the judge (judging.JUDGES)
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wire(self) -> dict[str, Any]:
        # The good word too: after `pulumi refresh` the state holds what was seen in its place.
        return {"kind": self.kind, "good": self.good, **self.args}


def unit(name: str, boot_only: bool = False) -> Check:
    """A systemd unit that runs now and at boot; UFW's does its work at boot and is then done."""
    good = "at boot" if boot_only else "running, at boot"
    return Check(f"unit {name}", good, "unit", {"name": name, "boot_only": boot_only})


def package(name: str) -> Check:
    return Check(f"package {name}", "installed", "package", {"name": name})


def file(path: str, text: str, mode: str = "644") -> Check:
    """A file of root's with this text and mode (octal). Only its hash is kept."""
    return hashed_file(path, sha256(text), mode)


def hashed_file(path: str, digest: Any, mode: str) -> Check:
    """The same, where the hash is an output: the text names something that is only known once it is made."""
    return Check(path, f"unchanged, {mode} root", "file", {"path": path, "sha256": digest, "mode": mode})


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def private_file(path: str) -> Check:
    """A file that is made on the host: there, root's, and readable by nobody else."""
    return Check(path, "600 root", "file", {"path": path, "mode": "600"})


def slot(service: str, slot: str, version: str) -> Check:
    """nginx passes this service's requests to the slot of the declared version (mech_infra.rollout)."""
    labels = {SERVICE: service, VERSION: version}
    return Check("serves from slot", slot, "slot", {"flag": f"{nginx.FLAGS}/{service}.green", "labels": labels})


def bears_name(name: str, service: str, replica: int) -> Check:
    """The guide's name is with a container of the service; the Docker provider does not look (the switch gave it)."""
    return Check(
        f"container {name}",
        "so called",
        "bears-name",
        {"name": name, "labels": {SERVICE: service, REPLICA: str(replica)}},
    )


def ufw_on() -> Check:
    return Check("UFW", "on", "ufw-on")


def ufw_denies() -> Check:
    return Check("UFW's default for incoming", "deny", "ufw-denies")


def ufw_rule(allow: Allow) -> Check:
    label = f"{allow.port}/tcp" + (f" from {allow.source}" if allow.source else "")
    return Check(label, "open", "ufw-rule", {"port": allow.port, "source": allow.source})


def ufw_only_declared() -> Check:
    return Check("UFW's other rules", "none", "ufw-only-declared")


def docker_guard(text: str) -> Check:
    return Check("guard over Docker's published ports", "in force", "docker-guard", {"text": text})


def container(name: str, network: str, aliases: Sequence[str] = ()) -> Check:
    args = {"name": name, "network": network, "aliases": list(aliases)}
    return Check(f"container {name}", f"running, on {network}", "container", args)


def network(name: str) -> Check:
    return Check(f"network {name}", "there", "network", {"name": name})


def image(reference: str) -> Check:
    """The image under this tag is one that was pulled from the tag's own repository, not one that was put there."""
    return Check(reference, "from its registry", "image", {"reference": reference})


def redis_setting(name: str, value: str) -> Check:
    return Check(name, value, "redis", {"name": name, "value": value})


def redis_password(password: str) -> Check:
    """The Redis that runs takes the declared password and no other one, or asks for none where none is declared."""
    args = {"user": redis.user(password), "digest": redis.digest(password)} if password else {"user": ""}
    return Check("password", "accepted", "redis-password", args)


def mongodb_password(password: str) -> Check:
    """The same of MongoDB, which also asks nobody until it is told to when it starts."""
    return Check("password", "accepted", "mongodb-password", {"user": mongodb.user(password)})


def certificate(names: Sequence[str], renew_before_days: int) -> Check:
    return Check(
        "/etc/ssl/mech/mech.crt",
        f"valid for {', '.join(names)}",
        "certificate",
        {"names": list(names), "renew_before_days": renew_before_days},
    )


def mounted(path: str) -> Check:
    return Check(path, "mounted", "mounted", {"path": path})


def nginx_accepts() -> Check:
    return Check("nginx -t", "accepts", "nginx-accepts")


def nginx_runs_its_config() -> Check:
    return Check("what nginx runs", "its config", "nginx-current")


# --- what is not ours: told, never touched


@dataclass(frozen=True)
class Watch:
    """Something of others that a person should know of; never part of the state."""

    kind: str
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wire(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.args}


def foreign_rules(allowed: Sequence[Allow], in_ufw: bool = True) -> Watch:
    """Rules outside UFW that close none of our ports, and those `in_ufw` unless they are drift (onlyDeclared)."""
    return Watch("foreign-rules", {"in_ufw": in_ufw, "closing": closing([allow.port for allow in allowed])})


def foreign_containers() -> Watch:
    return Watch("foreign-containers")


def foreign_networks() -> Watch:
    return Watch("foreign-networks")


def docker_down() -> Watch:
    """Docker does not answer on the host: then the Docker provider fails the whole preview."""
    return Watch("docker-down")


def ill_containers() -> Watch:
    """Ours, but unhealthy or starting over and over: no drift, and no `pulumi up` heals it."""
    return Watch("ill-containers")


def short_of_space(percent: int = 90) -> Watch:
    """A filesystem of the host on which at least so much of the bytes or inodes is used."""
    return Watch("short-of-space", {"percent": percent})


def large_logs() -> Watch:
    """Log files that rotation should have cut (reading.WANT has the size)."""
    return Watch("large-logs")


def foreign_listeners(ports: Mapping[int, str]) -> Watch:
    """TCP ports that are ours, each with the process that should listen there ("" for Docker's proxy)."""
    return Watch("foreign-listeners", {"ports": {str(port): name for port, name in ports.items()}})


def shadowing_records(names: Sequence[str]) -> Watch:
    """Records of others under our names; ours is the A record with the host's address (`access.address`)."""
    return Watch("shadowing-records", {"names": list(names)})


def foreign_rulesets() -> Watch:
    """Rules of others that the edge applies to our visitors before ours."""
    return Watch("foreign-rulesets", {"ours": "mech: blocked clients"})


def foreign_group_rules(allowed: Sequence[Allow]) -> Watch:
    """Ports that Vultr's firewall group opens beside the declared ones."""
    return Watch("foreign-group-rules", {"ports": [allow.port for allow in allowed]})


def foreign_keys(ours: str) -> Watch:
    """Keys beside ours that may log in as root."""
    return Watch("foreign-keys", {"ours": " ".join(ours.split()[:2])})


def foreign_sites() -> Watch:
    """Files of nginx's that others put beside ours, and those of its package that they changed."""
    return Watch("foreign-sites")
