"""Commands on hosts, read as the shell would run them: what each does, and the files that it writes."""

from __future__ import annotations

import base64
import binascii
import functools
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from policies.model import LOCAL, REMOTE, UNKNOWN, Resource, Stack, Unjudged
from policies.reading.cloud_config import is_cloud_config, parts, spoken
from policies.reading.shell import HOLE, Trace, read
from policies.reading.uploads import uploaded

Found = TypeVar("Found")
_SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "ssh", "sshpass")


@dataclass(frozen=True)
class Script:
    """A resource whose text runs on a host; `trace` is what the text does when it is made."""

    resource: Resource
    text: str
    trace: Trace
    before: Mapping[str, str]  # the files that it finds

    @functools.cached_property
    def written(self) -> dict[str, str]:
        """The files that it leaves and did not find so, by path."""
        return {path: text for path, text in self.trace.files.items() if self.before.get(path) != text}

    @property
    def spoken(self) -> str:
        """The commands that it runs, a line each, with their words quoted."""
        return "\n".join(shlex.join(act.argv) for act in self.trace.acts)


def scripts(stack: Stack) -> list[Script]:
    """Each text that runs on a host, in the program's order; unknown ones are left out (`unknown_scripts`).

    What one writes, those after it find. Sources: commands, start-up scripts and user data (plain, base64, cloud-config);
    uploads, which have files and no text.
    """
    return _all(stack)[0]


def written(stack: Stack) -> Mapping[str, str]:
    """The files that the scripts leave on the host, by path."""
    found = scripts(stack)
    return found[-1].trace.files if found else {}


def unknown_scripts(stack: Stack) -> list[str]:
    """The names of the commands whose text is not known at this preview."""
    return _all(stack)[1]


def _all(stack: Stack) -> tuple[list[Script], list[str]]:
    kept: tuple[list[Script], list[str]] | None = stack.memo.get("scripts")
    if kept is None:
        kept = stack.memo["scripts"] = _read(stack)
    return kept


@dataclass(frozen=True, eq=False)
class _Host:
    """A host after a text; compared by identity, so that what follows the same texts is read once."""

    trace: Trace


_NOTHING = _Host(Trace())


@functools.lru_cache(maxsize=2048)
def _after(before: _Host, text: str, stdin: str | None, variables: tuple[tuple[str, str], ...]) -> _Host:
    return _Host(read(text, stdin, dict(variables), before.trace.files))


@functools.lru_cache(maxsize=2048)
def _with(before: _Host, files: tuple[tuple[str, str], ...]) -> _Host:
    return _Host(Trace(files={**before.trace.files, **dict(files)}))


def _read(stack: Stack) -> tuple[list[Script], list[str]]:
    found: list[Script] = []
    unknown: list[str] = []
    before = _NOTHING
    for resource in stack.resources:
        files = uploaded(resource)
        if files:
            after = _with(before, tuple(files.items()))
            found.append(Script(resource, "", after.trace, before.trace.files))
            before = after
        try:
            for text, stdin, variables in _texts(resource):
                after = _after(before, text, stdin, tuple(sorted(variables.items())))
                found.append(Script(resource, text, after.trace, before.trace.files))
                if stdin == HOLE or HOLE in variables.values():
                    unknown.append(f"{resource.name}'s input")
                before = after
        except Unjudged as what:
            unknown.append(str(what))
    return found, unknown


def _texts(resource: Resource) -> Iterator[tuple[str, str | None, Mapping[str, str]]]:
    """(text, standard input, environment) of what a resource runs. Raises Unjudged."""
    if resource.type in (REMOTE, LOCAL):
        if not _is_shell(resource):
            return
        fed, about = resource.props.get("stdin"), resource.props.get("environment")
        named = about if isinstance(about, Mapping) else {}
        known = {name: HOLE if value is UNKNOWN else value for name, value in named.items()}
        yield (
            resource.text("create"),
            HOLE if fed is UNKNOWN else fed if isinstance(fed, str) else None,
            {name: value for name, value in known.items() if isinstance(name, str) and isinstance(value, str)},
        )
    elif resource.type in ("vultr:index/startupScript:StartupScript", "vultr:index/instance:Instance"):
        key = "script" if "startupScript" in resource.type else "userData"
        text = decoded(resource.text(key))
        for part in parts(text):
            yield spoken(part) if is_cloud_config(part) else part, None, {}


def _is_shell(resource: Resource) -> bool:
    interpreter = resource.items("interpreter") if resource.props.get("interpreter") is not UNKNOWN else []
    return not interpreter or str(interpreter[0]).rpartition("/")[2] in _SHELLS


def decoded(text: str) -> str:
    """A text that may be given in base64."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (ValueError, binascii.Error):
        return text


def first(stack: Stack, make: Callable[[Script], Found | None]) -> Found | None:
    """What `make` says of the first script of which it says something. Raises Unjudged where none is found and one is
    unknown."""
    for script in scripts(stack):
        found = make(script)
        if found is not None:
            return found
    if unknown_scripts(stack):
        raise Unjudged(unknown_scripts(stack)[0])
    return None
