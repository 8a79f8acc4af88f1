"""Which TCP ports of a host answer: python -m tests.sandbox.ports ADDRESS prints them, all 65535 asked, as JSON.

A port that refuses answers, too: a firewall that is shut says nothing.
"""

from __future__ import annotations

import errno
import json
import resource
import select
import socket
import sys
import time

# So many at once, each batch for so many seconds: a lost first packet is sent again after one.
_BATCH, _PATIENCE_S = 2500, 1.6


def answering(host: str, ports: range) -> dict[int, str]:
    """By port, "open" or how it refuses; none for the silent."""
    found: dict[int, str] = {}
    for first in range(ports.start, ports.stop, _BATCH):
        found |= _batch(host, ports[first - ports.start : first - ports.start + _BATCH])
    return found


def _batch(host: str, ports: range) -> dict[int, str]:
    poll, asked, found = select.poll(), dict[int, tuple[int, socket.socket]](), dict[int, str]()
    try:
        for port in ports:
            one = socket.socket()
            one.setblocking(False)
            asked[one.fileno()] = (port, one)
            if (said := one.connect_ex((host, port))) not in (0, errno.EINPROGRESS):
                raise OSError(said, f"port {port} could not be asked")
            poll.register(one, select.POLLOUT)
        end = time.monotonic() + _PATIENCE_S
        while (left := end - time.monotonic()) > 0:
            for number, _ in poll.poll(left * 1000):
                port, one = asked[number]
                said = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                found[port] = errno.errorcode[said] if said else "open"
                poll.unregister(number)
    finally:
        for _, one in asked.values():
            one.close()
    return found


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (_BATCH + 200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    print(json.dumps(answering(sys.argv[1], range(1, 65536))))
