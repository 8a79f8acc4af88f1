"""Redis and MongoDB on the host itself: whether they answer whoever asks from outside (redis.conf, mongod.conf, their words)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from policies.model import Resource, Stack, Unjudged
from policies.reading.commands import scripts
from policies.reading.containers import containers, is_private, mounts
from policies.reading.containers.units import commands
from policies.reading.shell import Act, known, read

_REDIS = re.compile(r"/etc/(redis|valkey)(/[\w.-]+)?\.conf$|/etc/(redis|valkey)/[\w.-]+\.conf$")
_MONGO = "/etc/mongod.conf"
_NAMES = ("redis-server", "valkey-server", "mongod")


def open_servers(stack: Stack) -> Iterator[tuple[Resource, str, int]]:
    """(who says so, which, port) of each server that listens to everybody and asks nobody for a password."""
    theirs = _of_containers(stack)
    for script in scripts(stack):
        changed = script.written if script.trace.files is not script.before else {}
        for path, text in changed.items():
            if not known(text) or any(path == one or path.startswith(f"{one}/") for one in theirs):
                continue
            if _REDIS.search(path) and (port := _redis(text)):
                yield script.resource, f"Redis by {path}", port
            elif path == _MONGO and (port := _mongo(text)):
                yield script.resource, f"MongoDB by {path}", port
            elif path.endswith(".service") and any(name in text for name in _NAMES):
                for act in read(commands(text), files=script.trace.files).of(*_NAMES):
                    yield from _started(script.resource, act)
        for act in script.trace.of(*_NAMES):
            if act.sure:
                yield from _started(script.resource, act)


def _of_containers(stack: Stack) -> set[str]:
    """The host's files and folders that containers mount: what they say is for a server within."""
    found: set[str] = set()
    for one in containers(stack):
        try:
            found |= {mount.source for mount in mounts(one) if mount.kind == "bind" and isinstance(mount.source, str)}
        except Unjudged:
            continue
    return found - {""}


def _started(resource: Resource, act: Act) -> Iterator[tuple[Resource, str, int]]:
    said = "\n".join(re.split(r"\s--", " " + " ".join(act.argv[1:]).replace("=", " ")))
    held = next((act.files[word] for word in act.argv[1:] if word in act.files), "")
    if act.name == "mongod":
        options: dict[str, str] = dict(re.findall(r"^(\w+)(?:[ \t]+(\S+))?", said, re.M))
        wide = "bind_ip_all" in options or _wide(options.get("bind_ip", "127.0.0.1").split(","))
        if wide and not {"auth", "keyFile"} & options.keys() and "authorization: enabled" not in held:
            yield resource, "mongod", _number(options.get("port"), 27017)
    elif known(said, held) and (port := _redis(f"{held}\n{said}")):
        yield resource, act.name, port


def _redis(text: str) -> int | None:
    """The port on which whoever comes is answered; None where nobody is."""
    options: dict[str, str] = dict(
        re.findall(r"^[ \t]*([\w-]+)[ \t]+(.+?)[ \t]*$", re.sub(r"(?m)^\s*#.*", "", text), re.M)
    )
    asks = {"requirepass", "aclfile", "user"} & options.keys()
    if asks or options.get("protected-mode") != "no" or not _wide(options.get("bind", "*").split()):
        return None
    port = options.get("port", "6379")
    return int(port) if port.isdecimal() and port != "0" else None


def _mongo(text: str) -> int | None:
    try:
        about: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    net, security = (about.get(key) if isinstance(about, Mapping) else None for key in ("net", "security"))
    net, security = (one if isinstance(one, Mapping) else {} for one in (net, security))
    wide = net.get("bindIpAll") is True or _wide(str(net.get("bindIp", "127.0.0.1")).split(","))
    if not wide or security.get("authorization") == "enabled" or security.get("keyFile"):
        return None
    return _number(net.get("port"), 27017)


def _number(value: object, default: int) -> int:
    return int(str(value)) if re.fullmatch(r"[0-9]{1,5}", str(value)) else default


def _wide(addresses: Sequence[str]) -> bool:
    """Whether an address among them is one that the internet reaches."""
    named = [address.strip().lstrip("-").strip("\"'") for address in addresses]
    return any(
        address and not is_private(address) and address != "localhost" and "/" not in address for address in named
    )
