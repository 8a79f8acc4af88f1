"""Cloudflare's edge as the firewall knows it: the ranges that it publishes, else those that the stack has in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_cloudflare.get_ip_ranges import get_ip_ranges

from mech_infra.drift.sensor import HostState
from mech_infra.facts.clouds.ranges import Absurd, GivenUp, NotLetIn, accepted
from mech_infra.state import State


@dataclass(frozen=True)
class EdgeRangesArgs:
    """What the stack has now."""

    before: State


class EdgeRanges(pulumi.ComponentResource):
    """From where the edge comes: `ranges`, IPv4 CIDRs, for those who let nobody else in.

    Declares: nothing at a cloud.
    Reads: the list that Cloudflare publishes, in every preview; `moved` triggers who follows it.
    Promises: where nobody answers, or with an absurd list, the ranges of the last `up` stay and that is said; without
    those it raises pulumi.RunError before anything is touched.
    """

    def __init__(self, name: str, args: EdgeRangesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mech:platform:EdgeRanges", name, None, opts)
        self.ranges = _current(args.before)
        state = HostState(
            f"{name}-published",
            "Cloudflare's list of ranges",
            {"ranges": list(self.ranges)},
            [NotLetIn(), GivenUp()],
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Another word than a repair's: who runs again for this alone ships no change of the program (mech_ops.drift).
        self.moved: pulumi.Output[str] = state.generation.apply(lambda number: f"ranges {number}")
        self.register_outputs({"ranges": list(self.ranges)})


def _current(before: State) -> tuple[str, ...]:
    known = _known(before)
    try:
        return accepted(get_ip_ranges().ipv4_cidrs, known)
    except Absurd as what:
        why = f"Cloudflare's list of its ranges is refused: {what}"
    except Exception as error:  # whatever the SDK makes of a provider that has no answer
        why = f"Cloudflare's list of its ranges could not be had ({error})"
    if not known:
        raise pulumi.RunError(
            f"{why}; nothing was changed. mech:firewall.webFrom cloudflare needs it: try again, or set everyone for now"
        )
    pulumi.log.warn(f"{why}; 80 and 443 stay open to the {len(known)} ranges that are in force")
    return known


def _known(before: State) -> tuple[str, ...]:
    """By the sensor of the last `up`."""
    for found in before.values():
        look = found["outputs"].get("access")
        if isinstance(look, Mapping) and look.get("ranges"):
            return tuple(look["ranges"])
    return ()
