"""What one look found, as plain data: it can be kept, sent, and diagnosed again."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mech_ops.errors import OpsError

Json = dict[str, Any]
FORM = 1  # of the file; a reader refuses another one


@dataclass
class Bundle:
    """`facts` and `silent` are by source (edge, host, zone, vultr, ranges): what it said, or why it said nothing.

    `drift` has an entry for each declared fact of a sensor that is not so. No secret and no hash of one stands in it.
    In a fleet that is the first host's, and `members` has by name what the others say: facts, silent, drift, told.
    """

    taken: str  # ISO 8601, UTC
    declared: Json
    facts: dict[str, Json] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)
    drift: list[Json] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)  # by source, how long it took
    members: dict[str, Json] = field(default_factory=dict)

    def text(self) -> str:
        """As the file has it."""
        about = dataclasses.asdict(self)
        if not self.members:  # a host that is alone
            del about["members"]
        return json.dumps({"form": FORM, **about}, indent=1, sort_keys=True) + "\n"

    def write(self, path: Path) -> None:
        """Raises OpsError where it cannot be written."""
        try:
            path.write_text(self.text())
        except OSError as error:
            raise OpsError(f"what was seen cannot be written to {path}: {error.strerror}") from None


def read(path: Path) -> Bundle:
    """Raises OpsError for a file that is no bundle."""
    try:
        found = json.loads(path.read_text())
        form = found.pop("form")
        bundle = Bundle(**found)
    except OSError as error:
        raise OpsError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OpsError(f"{path} is no bundle: `mech diagnose --save {path.name}` writes one") from None
    if form != FORM:
        raise OpsError(f"{path} is a bundle of form {form}, and this is mech for form {FORM}")
    return bundle
