"""`mech ssh`: a shell on the host, or one command there, by the key and the host key that the stack knows."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence

from mech_infra.commands import sharing
from mech_infra.commands.ssh import FAILED
from mech_ops import host_shell, hosts, pulumi
from mech_ops.errors import OpsError
from mech_ops.everyday.platform import Json
from mech_ops.hosts import Host


def run(stack: str | None, words: Sequence[str], terminal: bool) -> int:
    """Its exit code; 255 is ssh's own, which has said why. Raises OpsError."""
    way, words = where(json.loads(pulumi.run(pulumi.export_command(stack))), words)
    # One that was killed left its socket, of which each ssh would complain.
    if unreached := sharing.share(way.ssh, way.user_host):
        print(unreached, file=sys.stderr)
        return FAILED
    return subprocess.run(argv(way, words, terminal), check=False).returncode


def argv(way: host_shell.Way, words: Sequence[str], terminal: bool) -> list[str]:
    """One word is a line for the shell there; several are a command and its arguments, as they are."""
    line = words[0] if len(words) == 1 else shlex.join(words)
    return [*way.ssh, *(["-t"] if terminal else []), way.user_host, *([line] if line else [])]


def where(state: Json, words: Sequence[str]) -> tuple[host_shell.Way, Sequence[str]]:
    """Of a fleet the first word may be a host; without one it is the first host. Raises OpsError."""
    there = hosts.of(state["deployment"].get("resources") or [])
    host = _host(there, words)
    words = words[1:] if host else words
    way = host_shell.way(state, host)
    if way is None and host:
        raise OpsError(f"host {host.name} was not usable yet after the last `pulumi up`: run it again")
    if way is None:
        raise OpsError("this stack has no host yet: bring it up first (`pulumi up`)")
    return way, words


def _host(there: Sequence[Host], words: Sequence[str]) -> Host | None:
    """The one that the first word names; a word that only looks like one is none of its commands."""
    if len(there) < 2 or not words:
        return None
    if re.fullmatch(rf"({re.escape(there[0].name)}-)?[mw]\d+", words[0]) or words[0] == there[0].name:
        return hosts.named(there, words[0])
    return None
