"""Whether an engine (`pulumi up`, a preview) is at work on the host: what is not as declared then may be so by its next step."""

from __future__ import annotations

from pathlib import Path

from mech_infra.facts.host.onhost import age_s
from mech_infra.facts.host.program import asked

# How the watch begins that an engine keeps there (mech_infra.drift.vigil), which is its own command line.
SIGN = '"""Runs on the host, by `python3 -c` over SSH, while the engine works'


# One may outlive its engine where the connection died without a word; no `up` takes as long as that.
@asked(sign=SIGN, longest_s=1800)
def engine(sign: str, longest_s: float) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        watches = words[1:2] == ["-c"] and len(words) > 2 and words[2].startswith(sign)
        if watches and (age_s(path.parent) or 0) < longest_s:
            return True
    return False
