"""The port on which a host's sshd listens, as far as the program says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from policies.reading.ufw.host import Host

_TOUCHED = re.compile(r"sshd_config|ssh\.socket")
_PORT = re.compile(r"\b(?:Port|ListenStream|ListenAddress)\b[ =:.\d\[\]]*?\b(\d{2,5})\b")
_UNKNOWN_PORT = re.compile(r"\b(?:Port|ListenStream)[ =:]+[\"']?[$%{<]")


def ssh_ports(host: Host) -> list[int] | None:
    """Its ports, of which one has to be open; None where the program sets one that is not known."""
    found: list[int] = []
    for script in host.scripts:
        connection = script.resource.props.get("connection")
        port = connection.get("port") if isinstance(connection, Mapping) else None
        if isinstance(port, int | float) and port == port and 0 < port < 65536:
            found.append(int(port))
        if _TOUCHED.search(script.text):
            texts = [script.text, *(text for path, text in script.written.items() if _TOUCHED.search(path))]
            if any(_UNKNOWN_PORT.search(text) for text in texts):
                return None
            found += [int(port) for text in texts for port in _PORT.findall(text)]
    return list(dict.fromkeys(found)) or [22]
