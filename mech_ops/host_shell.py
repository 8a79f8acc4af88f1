"""Commands on the host, by the way that the stack's Docker provider takes: built here, run in one place."""

from __future__ import annotations

import json
import subprocess
from typing import Any

Json = dict[str, Any]


def command_for(state: Json, command: str) -> list[str] | None:
    """How to run `command` on the host, as the stack's docker provider reaches it; None without a host."""
    for resource in state.get("deployment", {}).get("resources") or []:
        if resource.get("type") == "pulumi:providers:docker" and (resource.get("inputs") or {}).get("host"):
            inputs = resource["inputs"]
            options = inputs.get("sshOpts") or []
            if isinstance(options, str):
                options = json.loads(options)
            address = inputs["host"].removeprefix("ssh://")
            user_host, _, port = address.partition(":")
            return ["ssh", *options, "-o", "BatchMode=yes", *(["-p", port] if port else []), user_host, command]
    return None


def run(state: Json, command: str) -> bool:
    """Run it; whether it worked. False, too, when the stack has no host."""
    argv = command_for(state, command)
    if argv is None:
        return False
    done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    return done.returncode == 0
