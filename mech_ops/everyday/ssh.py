"""`mech ssh`: a shell on the host, or one command there, by the key and the host key that the stack knows."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence

from mech_ops import host_shell, pulumi
from mech_ops.errors import OpsError
from mech_ops.everyday.platform import Json


def run(stack: str | None, words: Sequence[str], terminal: bool) -> int:
    """Its exit code; 255 is ssh's own, which has said why. Raises OpsError."""
    state = json.loads(pulumi.run(pulumi.export_command(stack)))
    return subprocess.run(argv(state, words, terminal), check=False).returncode


def argv(state: Json, words: Sequence[str], terminal: bool) -> list[str]:
    """One word is a line for the shell there; several are a command and its arguments, as they are. Raises OpsError."""
    way = host_shell.way(state)
    if way is None:
        raise OpsError("this stack has no host yet: bring it up first (`pulumi up`)")
    line = words[0] if len(words) == 1 else shlex.join(words)
    return [*way.ssh, *(["-t"] if terminal else []), way.user_host, *([line] if line else [])]
