"""What every command of `mech` has: the app, where it prints, the options that mean the same everywhere."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from typer.core import TyperCommand


class Light(TyperCommand):
    """A command whose options are texts and flags: they are read without pydantic, which Typer loads for any option (0.1 s).

    Arguments, help and mistakes are Typer's.
    """

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        read, left, _ = self.make_parser(ctx).parse_args(list(args))
        options = [option for option in self.get_params(ctx) if option.expose_value and option.name]
        if left or read.keys() - {option.name for option in options}:
            return super().parse_args(ctx, args)
        ctx.params = {str(option.name): read.get(str(option.name), option.default) for option in options}
        return []


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
