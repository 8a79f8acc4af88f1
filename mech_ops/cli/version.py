"""`mech version`: which version of what is here."""

from __future__ import annotations

import typer

from mech_ops.cli.shared import AsJson, Stack, app, say


@app.command()
def version(stack: Stack = None, as_json: AsJson = False) -> None:
    """Say the versions of the program, the engine, the pinned plugins, and what last brought the stack up: mech version --json

    Exit codes: 0 they fit, or no stack is up; 1 the stack that --stack names cannot be read; 2 the engine is not the pinned one, or
    the stack was brought up by another version of the program (the same with --json). Nothing is changed.
    """
    from mech_ops import version as versions

    found = versions.look(stack)
    if as_json:
        print(found.as_json())
    else:
        say(found.text())
    raise typer.Exit(found.exit_code)
