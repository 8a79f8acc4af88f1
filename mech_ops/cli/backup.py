"""`mech backup`: snapshots made, listed, proved and read; old ones forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mech_ops.cli.shared import AsJson, Stack, app, console, errors, say

if TYPE_CHECKING:
    from mech_ops.backup.command import Asked

backup = typer.Typer(help="Backups of databases, settings and certificates.", no_args_is_help=True)
app.add_typer(backup, name="backup")
Fast = Annotated[bool, typer.Option("--fast", help="in a hurry: without the rests that keep visitors from noticing")]


def _asked(stack: str | None, words: list[str], as_json: bool) -> Asked:
    """With its steps as they begin; what failed is said."""
    from mech_ops.backup import command, report

    with errors.status("asking the host") as status:
        found = command.ask(stack, ["--wait", str(command.WAIT_S), *words], lambda says: status.update(says))
    if as_json:
        print(report.as_json(found))
    elif found.says:
        say(found.says)
    return found


def _ended(found: Asked, as_json: bool, words: Callable[[dict[str, Any]], str]) -> None:
    if not as_json and not found.says:
        say(words(found.result))
    raise typer.Exit(found.exit_code)


@backup.command()
def now(stack: Stack = None, fast: Fast = False, as_json: AsJson = False) -> None:
    """Back up now: mech backup now

    MongoDB by its own dump tool, Redis by a save, .env files and certificates, as one snapshot in mech:backup.repository. What
    serves goes on meanwhile.

    Exit codes: 0 it was made; 1 it was not, and a sentence says why; 2 the repository cannot be trusted (the same with --json).
    """
    from mech_ops.backup import report

    _ended(_asked(stack, ["now", *(["--fast"] if fast else [])], as_json), as_json, report.made)


@backup.command()
def prove(stack: Stack = None, fast: Fast = False, as_json: AsJson = False) -> None:
    """Restore the newest snapshot into containers without a network and compare: mech backup prove

    As the host does every night (mech:backup.proveAt). Nothing of what runs is touched, and all goes again.

    Exit codes: 0 it is proved; 1 it could not be tried; 2 it is bad or missing (the same with --json).
    """
    from mech_ops.backup import report

    _ended(_asked(stack, ["prove", *(["--fast"] if fast else [])], as_json), as_json, report.proved)


@backup.command()
def check(stack: Stack = None, as_json: AsJson = False) -> None:
    """Read the repository's structure and the next part of its data: mech backup check

    Each check reads another part, so that all is read within some weeks; every proof does the same.

    Exit codes: 0 what was read is whole; 1 it could not be read; 2 it is damaged (the same with --json).
    """
    from mech_ops.backup import report

    _ended(_asked(stack, ["check"], as_json), as_json, report.read)


@backup.command("list")
def list_(stack: Stack = None, as_json: AsJson = False) -> None:
    """What is in the repository, and what was proved: mech backup list

    Exit codes: 0 it was read; 1 it could not be; 2 there is none where one was (the same with --json).
    """
    from mech_ops.backup import report

    found = _asked(stack, ["list"], as_json)
    if not as_json and not found.says:
        console.print(
            report.listed(found.result) if found.result["snapshots"] else "there is no snapshot yet: mech backup now"
        )
        for line in report.state(found.result["status"]):
            say(line)
    raise typer.Exit(found.exit_code)


@backup.command()
def retain(stack: Stack = None, as_json: AsJson = False) -> None:
    """Forget old snapshots, and delete what only they have: mech backup retain

    What mech:backup.keep says stays. From a machine, or the workflow `backups`, that has a key which may delete, in
    BACKUP_RETENTION_ACCESS_KEY_ID and BACKUP_RETENTION_SECRET_ACCESS_KEY; the host's key should not.

    Exit codes: 0 done; 1 not, and a sentence says why (the same with --json).
    """
    from mech_ops.backup import report, retention

    with errors.status("asking the store") as status:
        found = retention.retain(stack, lambda says: status.update(says))
    if as_json:
        print(report.as_json(found))
    else:
        say(found.says or report.retained(found.result))
    raise typer.Exit(found.exit_code)
