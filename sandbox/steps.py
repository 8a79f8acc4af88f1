"""What it takes to have a sandbox running, step by step; `mech sandbox start` and the tests both use it."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import credentials, daemon, host, images, internet, network, pki
from sandbox.providers import install
from sandbox.settings import Settings, claim, load

Progress = Callable[[str], None]
FAILURES = (host.HostError, images.ImageError, daemon.DaemonError, OSError, ValueError)


def up(settings: Settings, say: Progress) -> None:
    """Everything but the environment file: keys, hosts' system, images, plugins, daemon. Raises one of FAILURES."""
    if other := _neighbour(settings):
        raise ValueError(
            f"the sandboxes {settings.name} and {other} have the same network ({settings.network}), and {other} runs: "
            "take another name (MECH_SANDBOX=NAME)"
        )
    claim(settings)
    credentials.ensure(settings)
    pki.ensure(settings)
    internet.ensure_home(settings)
    host.ensure_rootfs(settings, say)
    images.build(settings, say)
    install.install(install.default_home(), say)
    if daemon.ensure_running(settings):
        say(f"clouds, edge and DNS answer on {settings.network}")


def _neighbour(settings: Settings) -> str:
    """A sandbox that runs on this one's network: one started meanwhile, or all 250 are taken. Empty when there is none."""
    names = (folder.name for folder in settings.state.parent.glob("*/") if folder.name != settings.name)
    return next((n for n in names if load(n).index == settings.index and daemon.pid(load(n)) is not None), "")


def stop(settings: Settings) -> bool:
    """Halt daemon and hosts; all stays on disk. False where there is no such sandbox: its network is maybe another's."""
    if not settings.state.exists():
        return False
    daemon.stop(settings)
    for id in host.ids(settings):
        if host.state(settings, id) == "running":
            host.halt(settings, id)
    network.down(settings)
    return True


def remove(settings: Settings) -> bool:
    """Remove hosts, disks, network and state. False where there is no such sandbox: its network is maybe another's."""
    import shutil

    if not settings.state.exists():
        return False
    daemon.stop(settings)
    for id in host.ids(settings):
        host.destroy(settings, id)
    if settings.blocks.exists():
        for block in settings.blocks.glob("*.img"):
            host.delete_block(settings, block.stem)
    host.sweep(settings)
    network.down(settings)
    shutil.rmtree(settings.state, ignore_errors=True)
    return True
