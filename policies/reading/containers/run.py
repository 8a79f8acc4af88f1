"""`docker run` and `docker create`: their command lines as docker.Container's properties."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from policies.model import UNKNOWN
from policies.reading.containers import values
from policies.reading.containers.options import Line, parse
from policies.reading.shell import HOLE, Act


def container(argv: Sequence[str], act: Act) -> tuple[dict[str, Any], bool] | None:
    """(properties, whether it is there only to do its work and end) of `docker run`'s words; None where they are unclear."""
    line = parse(argv)
    if line.unclear or not line.words or line.words[0].startswith("-"):
        return None
    once = line.flag("rm") and not line.flag("detach")
    return properties(line, act), once


def properties(line: Line, act: Act) -> dict[str, Any]:
    props: dict[str, Any] = {
        "image": values.maybe(line.words[0]),
        "command": [values.maybe(word) for word in line.words[1:]],
        "entrypoints": [values.maybe(word) for word in line.every("entrypoint")[-1:]],
        "ports": [port for text in line.every("publish") for port in published(text)],
        "publishAllPorts": line.flag("publish-all"),
        "volumes": [values.volume(text, act.cwd) for text in line.every("volume") if text != HOLE],
        "mounts": [values.mount(text, act.cwd) for text in line.every("mount")],
        "tmpfs": {text.partition(":")[0]: text.partition(":")[2] for text in line.every("tmpfs")},
        "envs": environment(line, act),
        "capabilities": {"adds": _each(line, "cap-add"), "drops": _each(line, "cap-drop")},
        "securityOpts": _each(line, "security-opt"),
        "hosts": [values.host(text) for text in line.every("add-host")],
        "devices": [values.device(text) for text in line.every("device")],
        "links": _each(line, "link"),
        "logOpts": dict(text.partition("=")[::2] for text in line.every("log-opt")),
        "memory": values.megabytes(line.last("memory")),
        "memorySwap": values.megabytes(line.last("memory-swap")),
        "stopTimeout": values.seconds(line.last("stop-timeout")),
        "healthcheck": _health(line),
        "readOnly": line.flag("read-only"),
        "privileged": line.flag("privileged"),
        **_networks(line),
    }
    for option, key in _PLAIN.items():
        given = line.last(option)
        if given is not None:
            props[key] = values.maybe(given)
    restart = line.last("restart")
    if restart is not None:
        props["restart"] = values.maybe(restart).partition(":")[0] if values.maybe(restart) is not UNKNOWN else UNKNOWN
    return props


_PLAIN = {
    "name": "name", "hostname": "hostname", "user": "user", "pid": "pidMode", "ipc": "ipcMode", "uts": "utsMode",
    "userns": "usernsMode", "cgroupns": "cgroupnsMode", "cpus": "cpus", "cpu-shares": "cpuShares", "cpu-quota": "cpuQuota",
    "cpuset-cpus": "cpuSet", "pids-limit": "pidsLimit", "log-driver": "logDriver", "pod": "pod",
}  # fmt: skip
# The modes of --network that are no networks of their own.
_MODES = ("host", "none", "bridge", "default")


def _each(line: Line, name: str) -> list[Any]:
    return [values.maybe(text) for text in line.every(name)]


def published(text: str) -> list[dict[str, Any]]:
    """A `--publish`, in its short or long form."""
    if "target=" not in text:
        return list(values.ports(text))
    given = dict(part.strip().partition("=")[::2] for part in text.split(","))
    text = f"{given['target']}/{given.get('protocol', 'tcp')}"
    return list(values.ports(f"{given['published']}:{text}" if given.get("published") else text))


def environment(line: Line, act: Act) -> list[Any]:
    """`--env NAME=value`, `--env NAME` (of the shell's), and what `--env-file` holds."""
    found: list[Any] = []
    for text in line.every("env"):
        given = text if "=" in text else f"{text}={act.variables.get(text, HOLE)}"
        found.append(values.maybe(given))
    for path in line.every("env-file"):
        held = act.files.get(values.absolute(path, act.cwd))
        found += [UNKNOWN] if held is None else env_file(held)
    return found


def env_file(text: str) -> list[Any]:
    lines = (line.strip().removeprefix("export ") for line in text.splitlines())
    return [values.maybe(line) for line in lines if "=" in line and not line.startswith("#")]


def _health(line: Line) -> dict[str, Any] | None:
    if line.flag("no-healthcheck"):
        return {"tests": ["NONE"]}
    asked = line.last("health-cmd")
    return {"tests": ["CMD-SHELL", values.maybe(asked)]} if asked else None


def _networks(line: Line) -> dict[str, Any]:
    aliases = [alias for alias in line.every("network-alias") if values.maybe(alias) is not UNKNOWN]
    mode, attached = "", []
    for text in line.every("network"):
        if text in _MODES or text.startswith("container:"):
            mode = text
            continue
        name = next((part[5:] for part in text.split(",") if part.startswith("name=")), text)
        own = [part[6:] for part in text.split(",") if part.startswith("alias=")]
        attached.append({"name": values.maybe(name), "aliases": [*own, *aliases]})
    return {"networkMode": mode, "networksAdvanced": attached}


def split(value: object) -> list[Any]:
    """A command as a list; compose takes it as one text, too."""
    if isinstance(value, list):
        return [values.maybe(str(word)) for word in value]
    if not isinstance(value, str):
        return []
    try:
        return [values.maybe(word) for word in shlex.split(value)]
    except ValueError:
        return [values.maybe(word) for word in value.split()]
