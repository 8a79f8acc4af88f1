"""`mech sandbox …`: start, look at, enter, stop and reset the stand-ins for the clouds."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sandbox.settings import Settings, load

app = typer.Typer(
    help="The clouds on this machine: Vultr, Cloudflare, the edge, DNS, registries.", no_args_is_help=True
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


_PLUGINS = {
    "stand-in": "stand-in",
    "official": "official",
    "missing": "[red]missing[/]; put a stand-in there: mech sandbox start",
}


def _settings() -> Settings:
    if os.geteuid() != 0:
        _fail("the sandbox makes namespaces, mounts and loop devices: run this as root (sudo -E)")
    return load()


def _fail(text: str) -> None:
    errors.print(f"[bold red]error:[/] {text}", soft_wrap=True)
    raise typer.Exit(1)


@app.command()
def start() -> None:
    """Start the sandbox: hosts' system, images, plugins, daemon. What is there already is kept (idempotent)."""
    settings = _settings()
    from sandbox import stack_env, steps

    begin = time.monotonic()

    def say(text: str) -> None:
        console.print(f"  [dim]{time.monotonic() - begin:5.0f} s[/]  {text}")

    try:
        steps.up(settings, say)
        stack_env.write(settings)
    except steps.FAILURES as error:
        _fail(str(error))
    console.print(f"[green]sandbox {settings.name} is up[/] ({time.monotonic() - begin:.1f} s)")


@app.command()
def status() -> None:
    """What runs: daemon, addresses, hosts; which plugins. Exit code 0 when the daemon answers, else 1."""
    settings = _settings()
    from sandbox import daemon, host
    from sandbox.providers import install

    table = Table(title=f"sandbox {settings.name}", title_justify="left", box=None, pad_edge=False)
    for column in ("part", "address", "state"):
        table.add_column(column)
    running = daemon.pid(settings)
    state = f"[green]running[/] (pid {running})" if daemon.ready(settings) else "[red]stopped[/]"
    table.add_row("Vultr API", settings.vultr_url, state)
    table.add_row("Cloudflare API", settings.cloudflare_url, state)
    table.add_row("edge", f"{settings.edge}:80, :443", state)
    table.add_row("DNS", f"{settings.dns}:53", state)
    for id in host.ids(settings):
        known = host.describe(settings, id) if host.state(settings, id) != "missing" else {"state": "half-made"}
        table.add_row(f"host {known.get('hostname', id)}", known.get("address", ""), known["state"])
    blocks = sorted(settings.blocks.glob("*.img")) if settings.blocks.exists() else []
    for block in blocks:
        size = block.stat()
        table.add_row(
            "block storage", block.stem, f"{size.st_blocks * 512 / 2**20:.0f} MB used of {size.st_size / 2**30:.0f} GB"
        )
    for plugin in install.found(install.default_home()):
        origin = f", from {plugin.on_path} on PATH" if plugin.on_path else ""
        table.add_row(f"plugin {plugin.name}", plugin.version, _PLUGINS[plugin.kind] + origin)
    console.print(table)
    if not running:
        raise typer.Exit(1)


@app.command()
def stop() -> None:
    """Halt hosts and daemon; everything is kept on disk and comes back with `mech sandbox start`."""
    settings = _settings()
    from sandbox import stack_env, steps

    there = steps.stop(settings)
    stack_env.remove(settings)
    kept = f"is stopped; its state is kept in {settings.state}"
    console.print(f"sandbox {settings.name} {kept}" if there else f"there is no sandbox {settings.name}")


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False) -> None:
    """Remove the sandbox whole: hosts, disks with MongoDB's data, cloud records, Pulumi's state of it."""
    settings = _settings()
    from sandbox import stack_env, steps

    sure = yes or not settings.state.exists()
    if not sure and not typer.confirm(f"Remove sandbox {settings.name} with all data in {settings.state}?"):
        raise typer.Exit(1)
    there = steps.remove(settings)
    stack_env.remove(settings)
    console.print(f"sandbox {settings.name} is gone" if there else f"there is no sandbox {settings.name}")


@app.command(context_settings={"ignore_unknown_options": True})
def shell(command: Annotated[list[str] | None, typer.Argument(help="a command instead of a shell")] = None) -> None:
    """A shell, or one COMMAND after `--`, on the sandbox's internet; passes the exit code on."""
    settings = _settings()
    from sandbox import daemon, host, internet, stack_env

    if not daemon.ready(settings):
        _fail("the sandbox does not run; start it with: make up (or: mech sandbox start)")
    argv = command or [os.environ.get("SHELL", "/bin/bash"), "-i"]
    # Its own state and keys, too: the shell that asks may be another sandbox's.
    extra = stack_env.variables(settings) | ({} if command else {"PS1": r"internet \w # "})
    if not command:
        console.print(
            "[dim]on the sandbox's internet: curl, dig, ssh and openssl work as in the guide; leave with exit[/]"
        )
    try:
        code = internet.command(settings, argv, extra)
    except host.HostError as error:
        _fail(str(error))
    raise typer.Exit(code)
