"""`mech mute` and `mech unmute`: a cause that people know of keeps nobody awake, for a time, or until it gets worse."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Callable
from pathlib import Path

from mech_ops.diagnosis import gather, mutes, ranking
from mech_ops.diagnosis.causes import TABLE
from mech_ops.diagnosis.look import Look
from mech_ops.diagnosis.mutes import Mute
from mech_ops.diagnosis.ranking import Diagnosis
from mech_ops.errors import OpsError
from mech_ops.everyday import spans
from mech_ops.preflight.stack import Stack
from mech_ops.project import project

_LONGEST = dt.timedelta(days=30)


def mute(stack: str | None, code: str, length: str | None, because: str | None, say: Callable[[str], None]) -> None:
    """Look how bad it is now, and note that. Raises OpsError."""
    code = known(code)
    if not length or not (because or "").strip():
        raise OpsError(f"say for how long, and why: mech mute {code} --for 4h --because 'new disk comes at noon'")
    span = spans.span(length, "--for")
    if span > _LONGEST:
        raise OpsError(f"--for {length} is too long: 30d at most; what stays so long is to be mended, or declared")
    reason = _line(because or "")
    seen = gather.look(stack)
    path = mutes.place(project(), seen.declared["stack"])
    wanted = made(code, span, reason, ranking.diagnose(Look(seen)))
    mutes.mute(path, wanted)
    say(f"{code} is muted {wanted.words()}")
    ends = (
        f"{', '.join(wanted.failing)} and no other service may fail of it"
        if wanted.failing
        else "no service may fail of it"
    )
    say(f"it ends sooner when it gets worse than {wanted.severity}; {ends}")
    say(f"noted in {path.name}: commit it, and the whole team has it")


def made(code: str, span: dt.timedelta, because: str, now: Diagnosis) -> Mute:
    """With what there is of it now; what is not there may be as bad as it is at its mildest."""
    found = next((named for named in now.named if named.code == code), None)
    since = dt.datetime.now(dt.UTC).replace(microsecond=0)
    severity = found.severity if found else TABLE[code].floor
    return Mute(code, mutes.me(), because, since, since + span, severity, found.failing if found else ())


def unmute(stack: str | None, code: str, say: Callable[[str], None]) -> None:
    """Raises OpsError."""
    code = known(code)
    path, now = place(stack), dt.datetime.now(dt.UTC).replace(microsecond=0)
    if code not in mutes.read(path, now):
        raise OpsError(f"{code} is not muted (mech mute --list)")
    mutes.end(path, code, now, mutes.me(), "by hand")
    say(f"{code} counts again; noted in {path.name}")


def listed(stack: str | None) -> list[Mute]:
    """In force now. Raises OpsError."""
    found = mutes.read(place(stack), dt.datetime.now(dt.UTC))
    return sorted(found.values(), key=lambda mute: mute.until)


def as_json(found: list[Mute]) -> str:
    return json.dumps([mute.data() for mute in found], indent=2, ensure_ascii=False)


def place(stack: str | None) -> Path:
    """Raises OpsError."""
    about = Stack(stack)
    return mutes.place(about.file.parent, about.name)


def known(code: str) -> str:
    """Raises OpsError for what is no cause."""
    code = code.strip().upper().replace("-", "_")
    if code not in TABLE:
        near = difflib.get_close_matches(code, TABLE, 1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise OpsError(f"there is no cause {code!r}; {meant}docs/causes.md has them all")
    return code


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()[:300]
