"""`mech incident`: what somebody needs to help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mech_ops.cli.shared import Stack, app, errors, say


@app.command()
def incident(
    stack: Stack = None,
    out: Annotated[Path | None, typer.Option(help="the archive; default: mech-incident-TIME.tar.gz, here")] = None,
    given: Annotated[
        Path | None, typer.Option("--from", help="a bundle of `mech diagnose --save`: the host is not asked")
    ] = None,
    with_drift: Annotated[bool, typer.Option("--with-drift", help="with `mech drift`, some 10 s more")] = False,
) -> None:
    """Pack what somebody needs to help: what the host says, the diagnosis, the last deployments, whom to call.

    Example: mech incident --out /tmp/tonight.tar.gz --with-drift

    Secrets are taken out, and an archive in which one is found all the same is not kept. What could not be had is said in
    its index. Exit codes: 0 it was written, 1 it was not. Nothing is changed.
    """
    from mech_ops.incident import command, escalation

    done = command.write(stack, out, given, with_drift, errors)
    for missing in done.missing:
        errors.print(f"missing: {missing}", markup=False, soft_wrap=True)
    called = ", ".join(escalation.ROLES[role] for role in done.call) or "nobody, by the guide's rules"
    say(f"{done.headline}\nto be called: {called}\n{done.path}: {done.files} files; begin with index.html")
