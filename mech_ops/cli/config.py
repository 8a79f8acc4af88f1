"""Commands that change what is declared, or who is told: `mech env`, `block`, `unblock`, `drain`, `mute`, `unmute`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mech_ops.cli.shared import AsJson, Stack, Up, app, console, say, then_up
from mech_ops.errors import OpsError

Name = Annotated[str, typer.Argument(help="a service such as llm; redis or mongodb for their passwords")]
Key = Annotated[str, typer.Argument(help="the name of the setting, such as LOG_LEVEL")]
Who = Annotated[str, typer.Argument(help="an address or a CIDR, such as 203.0.113.0/24")]
Code = Annotated[str, typer.Argument(help="of docs/causes.md, such as REBOOT_REQUIRED")]

env = typer.Typer(help="Settings and secrets of a service.", no_args_is_help=True)
app.add_typer(env, name="env")


@env.command("set")
def put(
    name: Name,
    key: Key,
    secret: Annotated[
        bool, typer.Option("--secret", help="keep it as a secret, which one by its name is anyway")
    ] = False,
    up: Up = False,
    stack: Stack = None,
) -> None:
    """Set one in the stack's config, value by prompt or standard input: mech env set llm LOG_LEVEL <<<debug

    What is a secret by its name is encrypted; another value that looks like one is refused. Exit codes: 0 done, 1 nothing
    was changed, or `pulumi up` failed.
    """
    from mech_ops.everyday import settings

    where = settings.place(name, key, secret)
    if sys.stdin.isatty():
        value = typer.prompt(f"value of {key}", hide_input=where.secret, err=True)
    else:
        value = settings.given(sys.stdin.buffer)
    settings.put(stack, where, value, say)
    then_up(stack, up)


@env.command("unset")
def take(
    name: Name,
    key: Key,
    secret: Annotated[bool, typer.Option("--secret", help="it was set so")] = False,
    up: Up = False,
    stack: Stack = None,
) -> None:
    """Remove one from the stack's config: mech env unset llm LOG_LEVEL

    Exit codes: 0 done, 1 nothing was changed, or `pulumi up` failed.
    """
    from mech_ops.everyday import settings

    settings.take(stack, settings.place(name, key, secret), say)
    then_up(stack, up)


@app.command()
def block(who: Who, up: Up = False, stack: Stack = None) -> None:
    """Have the edge turn a client away with a 403: mech block 203.0.113.7 --up

    Changes mech:edge.blocked in the stack's config. Exit codes: 0 done, or it is blocked already, 1 nothing was changed (such
    as for the edge's own networks), or `pulumi up` failed.
    """
    from mech_ops.everyday import blocked

    if blocked.block(stack, who, say):
        then_up(stack, up)


@app.command()
def unblock(who: Who, up: Up = False, stack: Stack = None) -> None:
    """Let a client in again: mech unblock 203.0.113.7 --up

    Changes mech:edge.blocked in the stack's config. Exit codes: 0 done, 1 nothing was changed, or `pulumi up` failed.
    """
    from mech_ops.everyday import blocked

    blocked.unblock(stack, who, say)
    then_up(stack, up)


@app.command()
def drain(
    host: Annotated[str, typer.Argument(help="a host of the fleet but the first, such as mech-w1")],
    back: Annotated[bool, typer.Option("--back", help="have it take tasks and visitors again")] = False,
    up: Up = False,
    stack: Stack = None,
) -> None:
    """Take a fleet's host out before work on it: mech drain mech-w1 --up

    Changes mech:fleet.drained in the stack's config: its tasks go to the others, and its records away. Exit codes: 0 done, or
    it is so already, 1 nothing was changed (such as for the host with the databases), or `pulumi up` failed.
    """
    from mech_ops.everyday import drained

    if (drained.back if back else drained.drain)(stack, host, say):
        then_up(stack, up)


@app.command()
def mute(
    code: Annotated[str | None, typer.Argument(help="of docs/causes.md, such as REBOOT_REQUIRED")] = None,
    length: Annotated[str | None, typer.Option("--for", help="how long: 30m, 4h, 2d; 30d at most")] = None,
    because: Annotated[str | None, typer.Option(help="why, for whoever reads it")] = None,
    show: Annotated[bool, typer.Option("--list", help="those in force; changes nothing")] = False,
    as_json: AsJson = False,
    stack: Stack = None,
) -> None:
    """Keep a known cause from waking people up: mech mute REBOOT_REQUIRED --for 2d --because 'on Sunday'

    `mech diagnose` still shows it, and its exit code minds it no more; that ends with the time, or when it gets worse. It is
    noted in Pulumi.STACK.mutes.jsonl, to be committed. Exit codes: 0 done, 1 nothing was muted.
    """
    from mech_ops.everyday import mute as muting

    if code is None and not show:
        raise OpsError("say which cause: mech mute CODE --for 4h --because TEXT; mech mute --list has those in force")
    if code is not None:
        muting.mute(stack, code, length, because, say)
        return
    found = muting.listed(stack)
    if as_json:
        print(muting.as_json(found))
    for one in () if as_json else found:
        say(f"{one.code} {one.words()}")
    if not found and not as_json:
        console.print("nothing is muted")


@app.command()
def unmute(code: Code, stack: Stack = None) -> None:
    """Have a muted cause count again: mech unmute REBOOT_REQUIRED

    Exit codes: 0 done, 1 it is not muted.
    """
    from mech_ops.everyday import mute as muting

    muting.unmute(stack, code, say)
