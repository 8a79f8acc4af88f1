"""The Pulumi commands that we use: built here as argument lists, run in one place."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mech_ops.errors import OpsError

# Of the short commands: a third of what they compute was the collection of garbage that their end collects anyway.
_UNCOLLECTED = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}
_ABSENT = "pulumi is not on PATH; run `. .venv/bin/activate` first (made by `make up`)"


def _stack(stack: str | None) -> list[str]:
    return ["--stack", stack] if stack else []


def outputs_command(stack: str | None) -> list[str]:
    return ["pulumi", "stack", "output", "--json", *_stack(stack)]


def export_command(stack: str | None) -> list[str]:
    return ["pulumi", "stack", "export", *_stack(stack)]


def open_state_command(stack: str | None) -> list[str]:
    """The state with its secrets in the clear."""
    return [*export_command(stack), "--show-secrets"]


def import_command(stack: str | None) -> list[str]:
    return ["pulumi", "stack", "import", "--force", *_stack(stack)]


def cancel_command(stack: str | None) -> list[str]:
    return ["pulumi", "cancel", "--yes", *_stack(stack)]


def preview_command(stack: str | None, exclude: Sequence[str] = ()) -> list[str]:
    """`exclude`: URNs, * and ** allowed, that are neither refreshed nor planned; what depends on them still is."""
    left_out = [part for urn in exclude for part in ("--exclude", urn)]
    return ["pulumi", "preview", "--json", "--non-interactive", *left_out, *_stack(stack)]


def stacks_command() -> list[str]:
    return ["pulumi", "stack", "ls", "--json", "--non-interactive"]


def selected_command() -> list[str]:
    return ["pulumi", "stack", "--show-name", "--non-interactive"]


def init_command(stack: str) -> list[str]:
    return ["pulumi", "stack", "init", stack, "--non-interactive"]


def config_command(stack: str | None) -> list[str]:
    return ["pulumi", "config", "--show-secrets", "--json", "--non-interactive", *_stack(stack)]


def plain_config_command(stack: str | None) -> list[str]:
    """Without the secrets' values, and so without a passphrase."""
    return ["pulumi", "config", "--json", "--non-interactive", *_stack(stack)]


def history_command(stack: str | None) -> list[str]:
    """Every update, newest first, with the config that it was run with; secrets are left out."""
    return ["pulumi", "stack", "history", "--json", "--full-dates", "--page-size", "0", *_stack(stack)]


def set_command(stack: str | None, path: str, value: Any) -> list[str]:
    """One value inside an object of the config, with its type: without one "7" would become a number."""
    kind = next(
        n for t, n in ((bool, "bool"), (int, "int"), (float, "float"), (object, "string")) if isinstance(value, t)
    )
    text = json.dumps(value) if kind != "string" else str(value)
    how = ["--path", "--type", kind, "--non-interactive", *_stack(stack)]
    return ["pulumi", "config", "set", *how, "--", path, text]


def remove_command(stack: str | None, path: str, _: Any = None) -> list[str]:
    return ["pulumi", "config", "rm", "--path", "--non-interactive", *_stack(stack), "--", path]


def secret_command(stack: str | None, key: str) -> list[str]:
    """An encrypted value of the config, which the CLI reads from its input."""
    return ["pulumi", "config", "set", "--secret", "--path", "--non-interactive", *_stack(stack), "--", key]


def version_command() -> list[str]:
    return ["pulumi", "version"]


def event(line: str) -> dict[str, Any] | None:
    """An event of the engine's stream; None for another line: plugins may print, too."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def up_command(stack: str | None, verbose: bool = False, refresh: bool = True) -> list[str]:
    """`verbose`: with the engine's own display on standard output, else a stream of events. Without `refresh` nobody is asked
    what is there."""
    how = ["--suppress-permalink=true"] if verbose else ["--json"]
    how += [] if refresh else ["--refresh=false"]
    return ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", *how, *_stack(stack)]


def up(stack: str | None, hear: Callable[[dict[str, Any]], None], verbose: bool = False, refresh: bool = True) -> None:
    """`pulumi up`; each of its events goes to `hear` as it comes, none when `verbose`. Raises OpsError where it fails."""
    try:
        process = subprocess.Popen(
            up_command(stack, verbose, refresh), stdin=subprocess.DEVNULL, stdout=None if verbose else subprocess.PIPE,
            stderr=None if verbose else subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
    except FileNotFoundError:
        raise OpsError(_ABSENT) from None
    unread: list[str] = []
    with process:
        for line in process.stdout or ():
            if (found := event(line)) is not None:
                hear(found)
            else:
                unread = [*unread[-20:], line.strip()]
    if process.returncode:
        # What ends it before its first event, such as a wrong passphrase, it says in words.
        said = [line for line in words("\n".join(unread)) if line]
        why = f": {said[-1]}" if said else ": its own words are above"
        raise OpsError(f"`pulumi up` failed{why}. Next: mech drift")


def preview(stack: str | None, exclude: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """A preview as a stream of events; they say how it went, so a failure is the caller's to judge."""
    # Without it, --json gives the plan only: not what the refresh found.
    environment = {**os.environ, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
    return _run(preview_command(stack, exclude), environment=environment)


def run(argv: list[str], text: str | None = None) -> str:
    """Run one of them; returns standard output. Raises OpsError with the CLI's own words."""
    done = _run(argv, text, {**_UNCOLLECTED, **os.environ})
    if done.returncode:
        said = words(done.stderr or done.stdout) or ["no output"]
        raise OpsError(f"`{' '.join(argv)}` failed: {said[-1]}")
    return done.stdout


Begun = Callable[[], str]
"""Waits for a command that was begun, and gives what `run` would. Raises OpsError."""


def begin(argv: list[str]) -> Begun:
    """Start one of them, whose output comes when it is asked for: it runs while the rest of a command of ours loads."""
    pool = ThreadPoolExecutor(1)
    pending = pool.submit(run, argv)
    pool.shutdown(wait=False)
    return pending.result


@dataclass(frozen=True)
class Exports:
    """The state twice, by exports that run. `plain` is there sooner: it waits for no key, and what is secret is left out."""

    plain: Begun
    opened: Begun


def exports(stack: str | None) -> Exports:
    """Start both."""
    return Exports(begin(export_command(stack)), begin(open_state_command(stack)))


def attempt(
    argv: list[str], timeout_s: float, environment: dict[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of them for at most so many seconds; how it went is the caller's to judge. Raises OpsError for silence."""
    how: dict[str, Any] = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, "cwd": folder}
    try:
        return _started(argv, env=environment, timeout=timeout_s, **how)
    except subprocess.TimeoutExpired:
        raise OpsError(f"`{' '.join(argv)}` does not end within {timeout_s:.0f} s") from None


def words(said: str) -> list[str]:
    """What the CLI said, a line each, without the "error:" that our own sentence has already."""
    # "* ": a bridged plugin's error, one of those that it counted.
    return [line.strip().removeprefix("error: ").removeprefix("* ") for line in said.splitlines() if line.strip()]


def outputs(stack: str | None) -> dict[str, Any]:
    """The stack's outputs, secrets masked."""
    found: dict[str, Any] = json.loads(run(outputs_command(stack)) or "{}")
    return found


def _run(
    argv: list[str], text: str | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return _started(argv, input=text, capture_output=True, text=True, env=environment)


def _started(argv: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(argv, check=False, **how)
    except FileNotFoundError:
        raise OpsError(_ABSENT) from None
    return done
