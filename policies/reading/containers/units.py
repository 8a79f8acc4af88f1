"""Units that run a container: systemd's services, and Podman's quadlets, which are units with a section of their own.

Source: podman-systemd.unit(5).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from policies.reading.shell import Trace, read

_OPTIONS = {
    "AddDevice": "device", "AddHost": "add-host", "ContainerName": "name", "EnvironmentFile": "env-file", "HealthCmd": "health-cmd",
    "LogDriver": "log-driver", "Memory": "memory", "Mount": "mount", "PidsLimit": "pids-limit", "PublishPort": "publish",
    "StopTimeout": "stop-timeout", "Tmpfs": "tmpfs", "User": "user", "UserNS": "userns",
}  # fmt: skip
_SEVERAL = {"AddCapability": "cap-add", "DropCapability": "cap-drop", "Environment": "env"}  # several words on a line
_FLAGS = {
    "ReadOnly": "--read-only",
    "NoNewPrivileges": "--security-opt=no-new-privileges",
    "SecurityLabelDisable": "--security-opt=label:disable",
}
# Others than Docker take the same words.
ENGINES = ("docker", "podman", "nerdctl")
_YES = ("true", "yes", "1", "on")


def started(path: str, text: str, trace: Trace) -> Trace | None:
    """What systemd runs of a unit that a text leaves at `path`; None for other files, and for what starts no
    container."""
    if path.endswith(".service"):
        lines = commands(text)
        said = [lines, *(trace.files.get(word, "") for word in lines.split())]
        runs = any(engine in one for one in said for engine in ENGINES)
        return read(lines, files=trace.files) if runs else None
    if path.endswith(".container"):
        name = path.rpartition("/")[2].removesuffix(".container")
        return read(shlex.join(["podman", "run", *_words(_whole(text), name)]), files=trace.files)
    return None


def commands(unit: str) -> str:
    """What a service's unit starts, a line each."""
    return "\n".join(re.findall(r"^ExecStart=[-@:+!]*(.*)", _whole(unit), re.M))


def _whole(unit: str) -> str:
    return unit.replace("\\\n", " ")


def _words(text: str, name: str) -> list[str]:
    """A quadlet's words of `podman run`."""
    options, image, command = [f"--name=systemd-{name}"], "", []
    for key, value in _entries(text):
        if key == "Image":
            image = value
        elif key == "Exec":
            command = _split(value)
        elif key == "Network":
            options.append(f"--network={_unit(value, '.network')}")
        elif key == "Volume":
            options.append(f"--volume={_unit(value, '.volume')}")
        elif key == "SeccompProfile":
            options.append(f"--security-opt=seccomp:{value}")
        elif key == "PodmanArgs":
            options += _split(value)
        elif key in _FLAGS and value.lower() in _YES:
            options.append(_FLAGS[key])
        elif key in _SEVERAL:
            options += [f"--{_SEVERAL[key]}={word}" for word in _split(value)]
        elif key in _OPTIONS:
            options.append(f"--{_OPTIONS[key]}={value}")
    return [*options, image, *command]


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """The keys and values of the section that is Podman's."""
    section = ""
    for line in text.splitlines():
        if head := re.fullmatch(r"\s*\[(\w+)\]\s*", line):
            section = head[1]
        elif section == "Container" and (pair := re.fullmatch(r"\s*(\w+)\s*=\s*(.*?)\s*", line)):
            yield pair[1], pair[2]


def _unit(value: str, extension: str) -> str:
    """What a unit beside it is called by Podman."""
    first, colon, rest = value.partition(":")
    return f"systemd-{first.removesuffix(extension)}{colon}{rest}" if first.endswith(extension) else value


def _split(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError:
        return value.split()
