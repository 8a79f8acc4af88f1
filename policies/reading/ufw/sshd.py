"""The port on which a host's sshd listens, as far as the program says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policies.reading.shell import known
from policies.reading.ufw.host import Host

_TOUCHED = re.compile(r"sshd_config|ssh\.socket")
_PORT = re.compile(r"\b(?:Port|ListenStream|ListenAddress)\b[ =:.\d\[\]]*?\b(\d{2,5})\b")
_UNKNOWN_PORT = re.compile(r"\b(?:Port|ListenStream)[ =:]+[\"']?[$%{<]")
_SAID = re.compile(
    r"^[ \t]*(?:Port|ListenStream)[ \t=]+\S*?(\d{1,5})[ \t]*$|^[ \t]*ListenAddress[ \t]+\S+:(\d{1,5})[ \t]*$",
    re.M | re.I,
)


def ssh_ports(host: Host) -> list[int] | None:
    """Its ports, of which one has to be open; None where the program sets one that is not known."""
    found: list[int] = []
    settled: list[int] = []
    for script in host.scripts:
        connection = script.resource.props.get("connection")
        port = connection.get("port") if isinstance(connection, Mapping) else None
        if isinstance(port, int | float) and port == port and 0 < port < 65536:
            found.append(int(port))
        left = {path: text for path, text in script.written.items() if _TOUCHED.search(path)}
        if left and all(known(text) for text in left.values()):
            settled = list(_said(left)) or settled
        elif _TOUCHED.search(script.text):
            if _UNKNOWN_PORT.search(script.text) or any(_UNKNOWN_PORT.search(text) for text in left.values()):
                return None
            found += [int(port) for text in (script.text, *left.values()) for port in _PORT.findall(text)]
    return list(dict.fromkeys([*found, *settled])) or [22]


def _said(files: Mapping[str, str]) -> Iterator[int]:
    for text in files.values():
        yield from (int(one or other) for one, other in _SAID.findall(text))
