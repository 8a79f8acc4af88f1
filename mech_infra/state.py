"""What the stack has now, as the engine's state says it: for those who must know it before they declare anything."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pulumi

# The engine's own function: what the stack's last snapshot has, by URN. Empty for a stack that is new.
_STATE = "pulumi:pulumi:readStackResourceOutputs"
_READS, _READ_PAUSE_S = 10, 0.2

State = Mapping[str, Mapping[str, Any]]


def read() -> State:
    """URN to {type, outputs}. Raises what the engine raises when it cannot read its state."""
    for tries_left in reversed(range(_READS)):
        try:
            found = pulumi.runtime.invoke(_STATE, {"stackName": pulumi.get_stack()}).value
            break
        except Exception as error:
            # The engine saves the stack's own step meanwhile, and a state in files is not written in one go.
            if "failed to load checkpoint" not in str(error) or not tries_left:
                raise
            time.sleep(_READ_PAUSE_S)
    outputs = found.get("outputs") if isinstance(found, Mapping) else None
    return outputs if isinstance(outputs, Mapping) else {}
