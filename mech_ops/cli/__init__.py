"""The `mech` command. Exit codes: 0 well, 1 the command itself failed, 2 it found something wrong."""

from __future__ import annotations

import copy
import sys
from importlib import import_module

import typer
from rich.markup import escape
from typer.main import get_command_name

from mech_ops.cli.shared import app, errors
from mech_ops.errors import FAILED, OpsError

__all__ = ["app", "errors", "main"]

# Each declares its commands; `mech --help` has them in this order.
for _name in (
    "stack",
    "alert",
    "checklist",
    "incident",
    "heal",
    "backup",
    "restore",
    "drill",
    "host",
    "config",
    "version",
):
    import_module(f"{__name__}.{_name}")
# A command line that is wrong found nothing wrong: its code is not that of a finding.
typer.BadParameter.__mro__[1].exit_code = FAILED  # type: ignore[attr-defined]


def _named(word: str) -> typer.Typer | None:
    """The app with our one command or group of this name; None where it is none of ours.

    For an app with all of them Typer reads the signature of each, which takes longer than most of the commands' own modules.
    """
    one = copy.copy(app)
    one.registered_groups = [group for group in app.registered_groups if group.name == word]
    one.registered_commands = [
        command
        for command in app.registered_commands
        if command.callback and (command.name or get_command_name(command.callback.__name__)) == word
    ]
    if not one.registered_groups and not one.registered_commands:
        return None
    # Without one, an app of one command takes no command's name. Nobody asks this one for help: the word is there.
    one.callback(add_help_option=False)(lambda: None)
    return one


def _whole() -> typer.Typer:
    """The app with the command groups that other packages offer, too, such as `mech sandbox`."""
    from importlib.metadata import entry_points

    for entry in entry_points(group="mech.commands"):
        try:
            app.add_typer(entry.load(), name=entry.name)
        except Exception as error:  # a broken plug-in must not take the others with it
            errors.print(f"[yellow]warning:[/] `mech {entry.name}` is not available: {error}")
    return app


def main() -> int:
    """Entry point; returns the exit code."""
    chosen = _named(sys.argv[1]) if sys.argv[1:] else None
    try:
        (chosen or _whole())(standalone_mode=True)
    except OpsError as error:
        errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        return FAILED
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
