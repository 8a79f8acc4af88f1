"""Docker's daemon: on which addresses it answers, by its settings, its units and its own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from policies.model import Resource, Stack
from policies.reading.commands import scripts
from policies.reading.containers import is_private
from policies.reading.containers.units import commands
from policies.reading.shell import read

_FILE = "/etc/docker/daemon.json"
_UNIT = re.compile(r"/docker\.(service|socket)(\.d/[^/]+\.conf)?$")
_TCP = re.compile(r"tcp://(\[[^\]]*\]|[^:/\s]*)(?::(\d+))?")


def listens(stack: Stack) -> Iterator[tuple[Resource, str, int]]:
    """(who says so, address, port) of each place where whoever comes from outside is answered without a certificate."""
    for script in scripts(stack):
        changed = script.written if script.trace.files is not script.before else {}
        for path, text in changed.items():
            if path == _FILE:
                for address, port in _of_settings(text):
                    yield script.resource, address, port
            elif _UNIT.search(path):
                for address, port in _of_unit(text):
                    yield script.resource, address, port
        for act in script.trace.of("dockerd"):
            for address, port in _of_words(act.argv):
                yield script.resource, address, port


def _of_settings(text: str) -> Iterator[tuple[str, int]]:
    try:
        about: Any = json.loads(text)
    except ValueError:
        return
    hosts = about.get("hosts") if isinstance(about, dict) else None
    if isinstance(hosts, list) and about.get("tlsverify") is not True:
        yield from _outside(map(str, hosts))


def _of_unit(text: str) -> Iterator[tuple[str, int]]:
    for act in read(commands(text)).of("dockerd"):
        yield from _of_words(act.argv)
    streams = re.findall(r"^ListenStream=(?:(\S+):)?(\d+)\s*$", text, re.M)
    yield from _outside([f"tcp://{address}:{port}" for address, port in streams])


def _of_words(argv: Sequence[str]) -> Iterator[tuple[str, int]]:
    if any(word in ("--tlsverify", "--tlsverify=true") for word in argv):
        return
    named = [argv[at + 1] for at, word in enumerate(argv[:-1]) if word in ("-H", "--host")]
    named += [re.sub(r"^(-H|--host)=?", "", word) for word in argv if re.match(r"(-H|--host=).", word)]
    yield from _outside(named)


def _outside(hosts: Any) -> Iterator[tuple[str, int]]:
    for host in hosts:
        found = _TCP.match(host)
        if found and not (found[1] and is_private(found[1].strip("[]"))):
            yield found[1] or "0.0.0.0", int(found[2] or 2375)  # noqa: S104 - the daemon's default, not ours
