"""The `mech` command. Exit codes: 0 well, 1 the command itself failed, 2 it found something wrong."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import entry_points

import typer
from rich.markup import escape

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


def _plug_in() -> None:
    """Add the command groups that other packages offer, such as `mech sandbox`."""
    for entry in entry_points(group="mech.commands"):
        try:
            app.add_typer(entry.load(), name=entry.name)
        except Exception as error:  # a broken plug-in must not take the others with it
            errors.print(f"[yellow]warning:[/] `mech {entry.name}` is not available: {error}")


def main() -> int:
    """Entry point; returns the exit code."""
    _plug_in()
    try:
        app(standalone_mode=True)
    except OpsError as error:
        errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        return FAILED
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
