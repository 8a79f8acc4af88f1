"""What every command of `mech` has: the app, where it prints, the options that mean the same everywhere."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(
    help="Look after a Mech stack.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
# A log file or CI has no width of its own; 80 would fold the tables.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
errors = Console(stderr=True, highlight=False)

Stack = Annotated[str | None, typer.Option("--stack", "-s", help="the stack; default: the selected one")]
AsJson = Annotated[bool, typer.Option("--json", help="for scripts")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="with the engine's own output")]
Up = Annotated[bool, typer.Option("--up", help="run `mech up` at once")]


def say(text: str) -> None:
    """A line for people, as it is: nothing in it is markup, and it is not folded."""
    console.print(text, markup=False, soft_wrap=True)


def then_up(stack: str | None, at_once: bool) -> None:
    """After a change of the config: run `pulumi up`, or say that it is to be run. Raises OpsError."""
    from mech_ops import up

    if at_once:
        up.up(stack, console)
    else:
        say("Next: mech up" + (f" --stack {stack}" if stack else ""))
