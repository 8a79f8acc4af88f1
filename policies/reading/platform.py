"""Whether a program is the platform: only there is it known what has to be there."""

from __future__ import annotations

from mech_infra.catalogue import NETWORK_NAME
from policies.model import NETWORK, Stack


def platform(stack: Stack) -> bool:
    return any(network.props.get("name") == NETWORK_NAME for network in stack.of(NETWORK))
