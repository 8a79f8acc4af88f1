"""Values of Docker's options and of compose files: ports, mounts, sizes, times. A HOLE in one makes it UNKNOWN."""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from policies.model import UNKNOWN
from policies.reading.shell import known

_MIB = 2**20
_SIZES = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_TIMES = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def maybe(text: str) -> Any:
    """The text, UNKNOWN where a part of it is."""
    return text if known(text) else UNKNOWN


def ports(text: str) -> Iterator[dict[str, Any]]:
    """`[address:][host:]container[/protocol]`, numbers or ranges, as docker.Container's `ports`."""
    if not text.strip():
        return
    body, _, protocol = text.strip().partition("/")
    address = ""
    match = re.match(r"\[([^\]]*)\]:?(.*)", body)
    if match:
        address, body = match[1], match[2]
        outer, _, inner = body.rpartition(":")
    else:
        outer, _, inner = body.rpartition(":")
        if ":" in outer:
            address, _, outer = outer.rpartition(":")
    about: dict[str, Any] = {
        "protocol": (protocol or "tcp") if known(protocol) else UNKNOWN,
        "ip": maybe(address) or None,
    }
    if not known(outer):
        # What is not known may hold the address, too: `$BIND:6379`.
        yield {**about, "internal": _port(inner), "external": UNKNOWN, "ip": about["ip"] if address else UNKNOWN}
        return
    inside, outside = _range(inner), _range(outer)
    if inside is None or (outer and outside is None):
        yield {**about, "internal": UNKNOWN if not known(inner) else None, "external": _port(outer) if outer else None}
    elif not outside or len(outside) != len(inside):
        # One of several, or any: Docker chooses.
        yield from ({**about, "internal": port, "external": None} for port in inside)
    else:
        yield from ({**about, "internal": i, "external": o} for i, o in zip(inside, outside, strict=True))


def _port(text: str) -> Any:
    return int(text) if text.isdecimal() else UNKNOWN


def _range(text: str) -> range | None:
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", text)
    if match is None or int(match[2] or match[1]) > 65535:
        return None
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def volume(text: str, cwd: str) -> dict[str, Any]:
    """`[source:]target[:options]` as docker.Container's `volumes`; a relative source is of `cwd`."""
    parts = text.split(":")
    if len(parts) == 1:
        return {"containerPath": maybe(text)}
    source, target, options = parts[0], parts[1], ":".join(parts[2:])
    read_only = "ro" in options.split(",")
    about = {"containerPath": maybe(target), "readOnly": read_only}
    if not known(source):
        return {**about, "hostPath": UNKNOWN}
    if source.startswith(("/", "~", ".")):
        return {**about, "hostPath": absolute(source, cwd)}
    return {**about, "volumeName": source}


def absolute(path: str, cwd: str) -> str:
    home = "/root" + path[1:] if path == "~" or path.startswith("~/") else path
    return posixpath.normpath(posixpath.join(cwd, home))


def mount(text: str, cwd: str) -> dict[str, Any]:
    """`type=bind,source=…,target=…` as docker.Container's `mounts`."""
    about: dict[str, Any] = {"type": "volume", "source": "", "target": ""}
    for part in next(csv.reader([text]), []):
        key, given, value = part.partition("=")
        key = key.strip().lower()
        if key == "type":
            about["type"] = maybe(value)
        elif key in ("source", "src"):
            about["source"] = maybe(value)
        elif key in ("target", "destination", "dst"):
            about["target"] = maybe(value)
        elif key in ("readonly", "ro"):
            about["readOnly"] = not given or value in ("true", "1")
    if about["type"] == "bind" and isinstance(about["source"], str):
        about["source"] = absolute(about["source"], cwd)
    return about


def megabytes(value: object) -> Any:
    """`512m`, `1g`, 1073741824 or -1 as MiB; None for what is no size."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if value < 0 else value / _MIB
    text = str(value).strip().lower() if value is not None else ""
    if not known(text):
        return UNKNOWN
    if re.fullmatch(r"-\d+", text):
        return -1
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", text)
    return float(match[1]) * _SIZES[match[2]] / _MIB if match else None


def seconds(value: object) -> Any:
    """`1m30s`, `500ms` or a number as seconds; None for what is no time."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value).strip() if value is not None else ""
    if not known(text):
        return UNKNOWN
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)", text)
    return sum(float(number) * _TIMES[unit] for number, unit in parts) if parts else None


def host(text: str) -> dict[str, Any]:
    """`name:address` or `name=address`, as docker.Container's `hosts`."""
    name, _, address = text.partition("=") if "=" in text else text.partition(":")
    return {"host": maybe(name), "ip": maybe(address.strip("[]"))}


def device(text: str) -> dict[str, Any]:
    """`/dev/x[:/dev/y[:rwm]]`, as docker.Container's `devices`."""
    return {"hostPath": maybe(text.split(":")[0])}
