"""One command on several hosts at once, each of its lines heard as it comes."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Callable, Sequence

from mech_ops import host_shell
from mech_ops.errors import OpsError
from mech_ops.everyday.platform import Platform
from mech_ops.hosts import Host

Hear = Callable[[Host, str], None]


def lines(
    there: Platform, hosts: Sequence[Host], command: str, hear: Hear, quiet_s: float | None, terminal: bool = False
) -> dict[str, int | OpsError]:
    """By host its exit code, or why there is none. Whoever ends this, ends what runs on the hosts, too (`terminal`)."""
    coming: queue.SimpleQueue[tuple[Host, str | int | OpsError]] = queue.SimpleQueue()
    running: list[subprocess.Popen[str]] = []

    def run(host: Host) -> None:
        try:
            code = host_shell.lines(
                there.state, host.address, command, lambda line: coming.put((host, line)), quiet_s, terminal, host,
                running.append,
            )  # fmt: skip
            coming.put((host, code))
        except OpsError as error:
            coming.put((host, error))

    for host in hosts:
        threading.Thread(target=run, args=(host,), daemon=True).start()
    ended: dict[str, int | OpsError] = {}
    try:
        while len(ended) < len(hosts):
            host, said = coming.get()
            if isinstance(said, str):
                hear(host, said)
            else:
                ended[host.name] = said
    finally:
        for process in running:
            process.kill()
    return {host.name: ended[host.name] for host in hosts}
