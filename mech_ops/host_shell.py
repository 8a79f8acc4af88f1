"""Commands on the host, by the way that the stack's Docker provider takes: built here, run in one place."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from mech_ops.errors import OpsError

Json = dict[str, Any]

_SSH_FAILED = 255


class Unreached(OpsError):
    """The host did not answer, or the connection to it broke."""


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


def output(state: Json, address: str, command: str, limit_s: float) -> tuple[int, str]:
    """Run it; (exit code, what it said on both streams). Raises Unreached, or OpsError when it is too slow."""
    argv = command_for(state, command)
    if argv is None:
        raise OpsError("the stack's state has no Docker provider, so there is no way to the host: run pulumi up first")
    try:
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=limit_s, text=True,
            errors="replace", check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise OpsError(
            f"host {address} did not finish within {limit_s:.0f} s; mech recover again, or mech recover --reboot"
        ) from None
    if done.returncode == _SSH_FAILED:
        said = [line for line in done.stdout.splitlines() if line.strip()][-1:] or ["no word"]
        raise Unreached(f"ssh to host {address} failed: {said[0].strip()}; once it answers: mech recover again")
    return done.returncode, done.stdout
