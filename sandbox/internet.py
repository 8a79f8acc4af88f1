"""A place "on the internet": runs a command in a network namespace of its own, beside hosts and edge.

There the guide's commands work as written: names resolve at the sandbox's DNS, its CA is trusted, ~/.ssh holds
the machines' key.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import network, pki
from sandbox.host.model import HostError
from sandbox.host.run import quiet, run, shell, wait_for
from sandbox.settings import Settings

KEY = "vultr_mech_machines"
_CLIENTS = range(9, 20)
_FURTHER = range(20, 100)  # addresses that a place may have besides its own; hosts begin at .100
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def command(
    settings: Settings,
    argv: Sequence[str],
    env: Mapping[str, str] | None = None,
    client: int | None = None,
    **popen: Any,
) -> int:
    """Run `argv` on the sandbox's internet with our own standard streams; returns its exit code (128+N for signal N).

    `client` asks for the address 10.77.N.<client> (9–19); else the next free one. Raises HostError.
    """
    with process(settings, argv, env, client, **popen) as running:
        while True:
            try:
                code = running.wait()
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:
                continue  # the command has got it too, and decides


@contextmanager
def process(
    settings: Settings,
    argv: Sequence[str],
    env: Mapping[str, str] | None = None,
    client: int | None = None,
    further: int = 0,
    **popen: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """The same as a running process; killed, with all it started, when the block ends.

    `further`: so many addresses more, for who is many visitors at once; all are in $MECH_ADDRESSES, with commas.
    """
    ensure_home(settings)
    network.up(settings)
    with contextlib.ExitStack() as held:
        last = held.enter_context(_number(settings, [client] if client else _CLIENTS))
        rest = [held.enter_context(_number(settings, _FURTHER)) for _ in range(further)]
        addresses = [settings.address(number) for number in (last, *rest)]
        veth = f"m{settings.index}-c{last}"
        there = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
                 "--mount-proc", *_place(settings), *network.inside(settings, *addresses), *argv]  # fmt: skip
        variables = {"MECH_ADDRESSES": ",".join(addresses), **(env or {})}
        running = subprocess.Popen(there, env=_environment(settings, variables), **popen)
        try:
            network.cable(settings, veth, _child(running.pid), *addresses)
            yield running
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()
            quiet(["ip", "link", "del", veth])


def ensure_home(settings: Settings) -> Path:
    """Make ~/.ssh of the person on the sandbox's internet, with the key that opens hosts. Returns the key's path."""
    folder = settings.home / ".ssh"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = folder / KEY
    if not key.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", KEY, "-f", str(key)])
    config = folder / "config"
    if not config.exists():
        config.write_text(f"Host {settings.address(0).rsplit('.', 1)[0]}.*\n  StrictHostKeyChecking accept-new\n")
        config.chmod(0o600)
    return key


def _place(settings: Settings) -> list[str]:
    """The command that has its mount namespace see the sandbox's names, CA and keys, and becomes what follows it."""
    resolv = settings.state / "internet-resolv.conf"
    text = f"nameserver {settings.dns}\noptions timeout:2 attempts:2\n"
    if not resolv.exists() or resolv.read_text() != text:
        resolv.write_text(text)
    bundle = settings.pki / "bundle.crt"
    pki.ensure(settings)
    ssh = Path.home() / ".ssh"
    ssh.mkdir(mode=0o700, exist_ok=True)
    places = (resolv, bundle, _BUNDLE, settings.home / ".ssh", ssh)
    return shell(__file__, "place", *map(str, places))


def _environment(settings: Settings, more: Mapping[str, str]) -> dict[str, str]:
    bundle = str(settings.pki / "bundle.crt")
    # the sandbox's internet has no proxies, whatever the machine has
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, "SSL_CERT_FILE": bundle, "CURL_CA_BUNDLE": bundle, "REQUESTS_CA_BUNDLE": bundle, **more}


@contextmanager
def _number(settings: Settings, wanted: Sequence[int]) -> Iterator[int]:
    """The first of these last parts of an address that is free; taken while the block runs."""
    folder = settings.state / "clients"
    folder.mkdir(parents=True, exist_ok=True)
    for last in wanted:
        with (folder / str(last)).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield last
            return
    raise HostError(
        f"all {len(wanted)} places on the sandbox's internet are taken; leave a `mech sandbox shell` and try again"
        if len(wanted) > 1 else f"the place {settings.address(wanted[0])} on the sandbox's internet is taken"
    )  # fmt: skip


def _child(parent: int) -> int:
    own = Path("/proc/self/ns/net").stat().st_ino
    found = 0

    def ready() -> bool:
        nonlocal found
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            found = int(children[0]) if children else 0
            return bool(found) and Path(f"/proc/{found}/ns/net").stat().st_ino != own
        except OSError:
            return False

    if not wait_for(ready, 10, 0.005):
        with_signal = signal.SIGKILL
        os.kill(parent, with_signal)
        raise HostError("no namespace for the sandbox's internet could be made: are you root?")
    return found
