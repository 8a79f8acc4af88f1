"""command:local:Command and the function command:local:run: a command on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import selectors
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from sandbox.providers.contract import Context, ProviderError
from sandbox.providers.values import ARCHIVE, ASSET, SIGNATURE

from .base import CommandBase, Values, previous_output
from .output import Output

_FIELDS = frozenset({
    "create", "update", "delete", "stdin", "triggers", "interpreter", "dir", "environment", "addPreviousOutputInEnv",
    "logging", "assetPaths", "archivePaths", "stdout", "stderr", "assets", "archive",
})  # fmt: skip
# As Go names them.
_SIGNALS = {1: "hangup", 2: "interrupt", 6: "aborted", 9: "killed", 11: "segmentation fault", 15: "terminated"}


class LocalCommand(CommandBase):
    token = "command:local:Command"  # noqa: S105 - a type token

    def run(self, ctx: Context, command: str, inputs: Values, last: Values, timeout: float) -> Values:
        return run_local(ctx, command, inputs, last, timeout)

    def preview_update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values) -> Values:
        _decode(old_outputs)
        return super().preview_update(ctx, id, old_outputs, inputs)

    def update(self, ctx: Context, id: str, old_outputs: Values, inputs: Values, timeout: float) -> Values:
        _decode(old_outputs)
        return super().update(ctx, id, old_outputs, inputs, timeout)


def _decode(state: Values) -> None:
    """Refuse a state with fields of another type, as the official plugin does (seen with an alias of remote.Command)."""
    if strange := sorted(set(state) - _FIELDS):
        lines = [f"\t{name}: Unrecognized field '{name}' on 'local.CommandOutputs'" for name in strange]
        raise ProviderError("\n".join([f"{len(strange)} failures decoding:", *lines]))


def run_local(ctx: Context, command: str, inputs: Values, last: Values, timeout: float = 0) -> Values:
    """Run by the interpreter (`/bin/sh -c`); stdout, stderr and the wanted assets. Raises ProviderError.

    After `timeout` seconds (0: never) the interpreter is killed, and nothing that it started: so does the official one.
    """
    argv = [*(inputs.get("interpreter") or ["/bin/sh", "-c"]), command]
    folder = Path(inputs.get("dir") or Path.cwd())
    environment = {**os.environ, **(inputs.get("environment") or {}), **previous_output(inputs, last)}
    output = Output(ctx, inputs.get("logging"))
    stdin = inputs.get("stdin") or ""
    try:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env={name: str(value) for name, value in environment.items()},
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise output.failure(f"{error.strerror}: {error.filename}".lower(), command) from error
    status = _wait(ctx, process, stdin, output, time.monotonic() + (timeout or float("inf")))
    if status:
        reason = f"exit status {status}" if status > 0 else f"signal: {_SIGNALS.get(-status, -status)}"
        raise output.failure(reason, command)
    results: Values = dict(output.result())
    if inputs.get("assetPaths") is not None:
        results["assets"] = find_assets(folder, inputs["assetPaths"])
    if inputs.get("archivePaths") is not None:
        assets = find_assets(folder, inputs["archivePaths"])
        digest = hashlib.sha256(repr([(name, item["hash"]) for name, item in assets.items()]).encode())
        results["archive"] = {SIGNATURE: ARCHIVE, "hash": digest.hexdigest(), "assets": assets}
    return results


def _wait(ctx: Context, process: subprocess.Popen[bytes], stdin: str, output: Output, end: float) -> int:
    assert process.stdout is not None and process.stderr is not None
    streams = {"stdout": process.stdout, "stderr": process.stderr}
    reader = threading.Thread(target=_pump, args=(streams, output), daemon=True)
    reader.start()
    if process.stdin is not None:
        try:
            process.stdin.write(stdin.encode())
            process.stdin.close()
        except BrokenPipeError:
            pass  # the command ended without reading all of it, as it may
    while True:
        try:
            status = process.wait(0.2)
            break
        except subprocess.TimeoutExpired:
            if ctx.cancelled.is_set() or time.monotonic() > end:
                process.kill()
    reader.join()
    for stream in streams.values():
        stream.close()
    output.end()
    return status


def _pump(streams: Mapping[str, IO[bytes]], output: Output) -> None:
    """Both until their ends; what came to both by the time that it is seen is told in the order of `streams`."""
    with selectors.DefaultSelector() as waiting:
        for name, stream in streams.items():
            waiting.register(stream, selectors.EVENT_READ, name)
        while waiting.get_map():
            ready = {key.data: key.fd for key, _ in waiting.select()}
            for name in (name for name in streams if name in ready):
                data = os.read(ready[name], 65536)
                if data:
                    output.add(name, data)
                else:
                    waiting.unregister(ready[name])


def find_assets(folder: Path, patterns: list[str]) -> dict[str, Any]:
    """Files under `folder` by glob rules in order: `*` within a name, `**` across folders, `!` takes away."""
    rules = [(pattern.startswith("!"), _glob(pattern.removeprefix("!"))) for pattern in patterns]
    found: dict[str, Any] = {}
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        name = path.relative_to(folder).as_posix()
        for exclude, rule in rules:
            if rule.fullmatch(name) and exclude:
                found.pop(name, None)
            elif rule.fullmatch(name):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[name] = {SIGNATURE: ASSET, "path": str(path), "hash": digest}
    return found


def _glob(pattern: str) -> re.Pattern[str]:
    """gobwas/glob's syntax: * ** ? [a-z] [!a] {a,b} and backslash."""
    out, index, depth = "", 0, 0
    while index < len(pattern):
        char = pattern[index]
        if pattern.startswith("**", index):
            out, index = out + ".*", index + 1
        elif char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "[" and "]" in pattern[index:]:
            end = pattern.index("]", index)
            inner = pattern[index + 1 : end]
            out, index = out + "[" + ("^" + inner[1:] if inner[:1] == "!" else inner) + "]", end
        elif char == "{":
            out, depth = out + "(?:", depth + 1
        elif char == "}" and depth:
            out, depth = out + ")", depth - 1
        elif char == "," and depth:
            out += "|"
        elif char == "\\" and index + 1 < len(pattern):
            index += 1
            out += re.escape(pattern[index])
        else:
            out += re.escape(char)
        index += 1
    try:
        return re.compile(out)
    except re.error as error:
        raise ProviderError(f"the glob {pattern!r} is not valid: {error}") from error
