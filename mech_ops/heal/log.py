"""What the healer noted on the host."""

from __future__ import annotations

import json
import shlex

from mech_infra.heal import audit
from mech_ops import host_shell
from mech_ops.errors import OpsError
from mech_ops.everyday import platform
from mech_ops.everyday.platform import Json

_LIMIT_S = 14


def read(stack: str | None, tail: int) -> list[Json]:
    """The last records, the oldest first; `at` is Unix time. One for each try: what was begun and how it went. Raises OpsError."""
    there = platform.read(stack)
    paths = shlex.join([f"{audit.LOG}.1", str(audit.LOG)])
    code, said = host_shell.output(there.state, there.address, f"cat {paths} 2>/dev/null || true", _LIMIT_S)
    if code:
        raise OpsError(f"the healer's log on host {there.address} could not be read: {said.strip()[-200:]}")
    return tries(there.hidden(said))[-tail:]


def tries(text: str) -> list[Json]:
    """Of a try that ended, one record with when it began."""
    found: dict[tuple[str, ...], Json] = {}
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if audit.is_record(record):
            key = tuple(record[part] for part in ("run", "did", "what"))
            found[key] = {**record, "at": found.get(key, record)["at"]}
    return sorted(found.values(), key=lambda record: float(record["at"]))
