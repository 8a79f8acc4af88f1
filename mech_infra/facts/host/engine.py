"""Whether an engine (`pulumi up`, a preview) is at work on the host: what is not as declared then may be so by its next step."""

from __future__ import annotations

from mech_infra.commands.ssh import VIGIL_MARK
from mech_infra.facts.host.onhost import python_at_work
from mech_infra.facts.host.program import asked


# Its watch may outlive it where the connection died without a word; no `up` takes as long as that.
@asked(mark=VIGIL_MARK, longest_s=1800)
def engine(mark: str, longest_s: float) -> bool:
    return python_at_work([mark], longest_s)
