"""Walks through a shell text as the shell would, and notes each command with the words that it gets.

Nothing is run. Where the way depends on the host, both ways are walked, and what stands on them is not `sure`; a question
about the state that the next command makes (`ufw status | grep -q …`, `[ -f … ]`, `command -v …`) is how people write that a
thing is done once, so both ways lead to the same, and are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from policies.reading.shell.memory import Memory
from policies.reading.shell.running import Running
from policies.reading.shell.shell import Endless, Ends, Turns
from policies.reading.shell.trace import Trace
from policies.reading.shell.ways import Ways


class _Walk(Running, Ways):
    """A whole shell."""


def read(
    text: str,
    stdin: str | None = None,
    variables: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
) -> Trace:
    """What the text does when a shell runs it with this standard input and environment, on a host with these files."""
    trace = Trace()
    memory = Memory(variables=dict(variables or {}), files=dict(files or {}))
    with contextlib.suppress(Ends, Turns, Endless, RecursionError):
        _Walk(trace, memory).text(text, stdin)
    trace.files = memory.files
    return trace
