"""Commands on the host, by the way that the stack's Docker provider takes: built here, run in one place."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mech_infra.commands import sharing, ssh
from mech_infra.commands.ssh import CONNECT_TIMEOUT_S
from mech_ops.errors import OpsError
from mech_ops.hosts import Host

Json = dict[str, Any]

SSH_FAILED = 255
# Of a state that an older program wrote, whose options may lack them: a host that is silent is known to be.
_LIMITS = {"ConnectTimeout": CONNECT_TIMEOUT_S, "ServerAliveInterval": 5, "ServerAliveCountMax": 3}
_RECOVER = "; once it answers: mech recover again"


class Unreached(OpsError):
    """The host did not answer, or the connection to it broke."""


@dataclass(frozen=True)
class Way:
    """`ssh` with its options, and who is asked there: flags of one call go between the two."""

    ssh: tuple[str, ...]
    user_host: str


def way(state: Json, host: Host | None = None) -> Way | None:
    """As the stack's docker provider reaches the first host, and the sensors the others; None without a host."""
    if host and not host.first:
        if (access := host.access) is None:
            return None
        options = ssh.options(access["identity"], access["host"], access["host_key"])
        return Way(("ssh", *options), f"root@{access['host']}")
    for resource in state.get("deployment", {}).get("resources") or []:
        if resource.get("type") == "pulumi:providers:docker" and (resource.get("inputs") or {}).get("host"):
            inputs = resource["inputs"]
            options = inputs.get("sshOpts") or []
            if isinstance(options, str):
                options = json.loads(options)
            address = inputs["host"].removeprefix("ssh://")
            user_host, _, port = address.partition(":")
            known = {str(option).partition("=")[0] for option in options}
            limits = [f"{name}={value}" for name, value in _LIMITS.items() if name not in known]
            more = [part for limit in ("BatchMode=yes", *limits) for part in ("-o", limit)]
            return Way(("ssh", *options, *more, *(["-p", port] if port else [])), user_host)
    return None


def command_for(state: Json, command: str, host: Host | None = None) -> list[str] | None:
    """How to run `command` on the host; None without a host."""
    found = way(state, host)
    return [*found.ssh, found.user_host, command] if found else None


def output(state: Json, address: str, command: str, limit_s: float, host: Host | None = None) -> tuple[int, str]:
    """Run it; (exit code, what it said on both streams). Raises Unreached, or OpsError when it is too slow."""
    argv = _argv(state, command, host)
    if unreached := sharing.share(argv[:-2], argv[-2]):
        raise Unreached(_failed(address, unreached, _RECOVER))
    try:
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=limit_s, text=True,
            errors="replace", check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise OpsError(
            f"host {address} did not finish within {limit_s:.0f} s; mech recover again, or mech recover --reboot"
        ) from None
    if done.returncode == SSH_FAILED:
        raise Unreached(_failed(address, done.stdout, _RECOVER))
    return done.returncode, done.stdout


def part(state: Json, host: Host | None = None) -> None:
    """End the connection that all calls share: the host goes down."""
    if (found := way(state, host)) is not None:
        sharing.part(found.ssh, found.user_host)


def lines(
    state: Json,
    address: str,
    command: str,
    hear: Callable[[str], None],
    quiet_s: float | None,
    terminal: bool = False,
    host: Host | None = None,
    began: Callable[[subprocess.Popen[str]], None] = lambda process: None,
) -> int:
    """Run it and hear each of its lines as it comes; its exit code. Standard error is ssh's own: scripts say all on output.

    `quiet_s`: so long without a line is too long, None is never. `terminal`: the host ends it when this end goes. `host`: of
    a fleet another one than the first. `began` is for who ends it from elsewhere.
    Raises Unreached, or OpsError for silence.
    """
    argv = _argv(state, command, host)
    if terminal:
        argv.insert(-2, "-tt")
    coming: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    began(process)
    said: list[str] = []
    readers = [
        threading.Thread(target=_into, args=(process.stdout, coming.put), daemon=True),
        threading.Thread(target=_into, args=(process.stderr, said.append), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        while (line := coming.get(timeout=quiet_s)) is not None:
            hear(line.rstrip("\r\n"))
        process.wait()
        readers[1].join(timeout=1)
    except queue.Empty:
        raise OpsError(f"host {address} says nothing for {quiet_s:.0f} s. Next: mech diagnose") from None
    finally:
        process.kill()
        process.wait()
    if process.returncode == SSH_FAILED:
        raise Unreached(_failed(address, "\n".join(filter(None, said)), ". Next: mech diagnose"))
    return process.returncode


def _into(stream: Any, put: Callable[[Any], None]) -> None:
    for line in stream:
        put(line)
    put(None)


def _argv(state: Json, command: str, host: Host | None = None) -> list[str]:
    argv = command_for(state, command, host)
    if argv is None and host and not host.first:
        raise OpsError(f"host {host.name} was not usable yet after the last `pulumi up`: run it again")
    if argv is None:
        raise OpsError("the stack's state has no Docker provider, so there is no way to the host: run pulumi up first")
    return argv


def _failed(address: str, said: str, then: str) -> str:
    last = [line for line in said.splitlines() if line.strip()][-1:] or ["no word"]
    return f"ssh to host {address} failed: {last[0].strip()}{then}"
