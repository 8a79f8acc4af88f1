"""Settings of the kernel that containers live by."""

from __future__ import annotations

from dataclasses import dataclass

from mech_infra.facts import model
from mech_infra.facts.host.onhost import text
from mech_infra.facts.host.program import reads
from mech_infra.facts.model import Facts

# Without it no container reaches anything outside the host, and nothing outside reaches a published port; Docker
# switches it on when it starts, and never looks again.
FORWARDING = "net.ipv4.ip_forward"


@reads(names=[FORWARDING])
def kernel(names: list[str]) -> dict[str, str]:
    found = {name: text(f"/proc/sys/{name.replace('.', '/')}") for name in names}
    return {name: value.strip() for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Setting(model.Setting, kind="kernel", reads=["kernel"]):
    def judge(self, facts: Facts) -> str | None:
        value: str = facts["kernel"].get(self.name, self.value)
        return value
