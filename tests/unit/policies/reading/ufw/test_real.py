"""Sequences of commands: the real ufw and the model leave the same table, and refuse the same."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from policies.reading.ufw.names import KNOWN
from policies.reading.ufw.profiles import profiles
from policies.reading.ufw.rule import Refused
from policies.reading.ufw.table import Table
from policies.reading.ufw.tool import Aborted, run

from .real import Tool
from .sequences import sequence

# 5,000 are the whole: MECH_UFW_SEQUENCES=5000 pytest tests/unit/policies/reading/ufw (some minutes).
MANY = int(os.environ.get("MECH_UFW_SEQUENCES", "200"))
FIRST = int(os.environ.get("MECH_UFW_FIRST", "0"))


@pytest.fixture(scope="module")
def tool() -> Iterator[Tool]:
    tool = Tool(KNOWN)
    yield tool
    tool.close()


def modelled(asked: dict[str, Any]) -> list[dict[str, Any]]:
    table = Table(ipv6=asked["ipv6"], profiles=profiles(asked["files"]))
    found = []
    for command in asked["commands"]:
        code = 0
        try:
            run(table, command["argv"], command["stdin"], command["ssh"])
        except Refused:
            code = 1
        except Aborted:
            pass
        found.append(
            {
                "code": code,
                "rules": [[rule.line, rule.comment] for rule in table.rules],
                "rules6": [[rule.line, rule.comment] for rule in table.rules6],
                "enabled": table.enabled,
                "defaults": dict(table.defaults),
            }
        )
    return found


@pytest.mark.parametrize("part", range(10))
def test_the_model_does_what_the_tool_does(part: int, tool: Tool) -> None:
    different = []
    for seed in range(FIRST + part * MANY // 10, FIRST + (part + 1) * MANY // 10):
        asked = sequence(seed)
        real, model = tool.run(**asked), modelled(asked)
        for at, (ours, theirs) in enumerate(zip(model, real, strict=True)):
            if ours != theirs:
                told = [" ".join(map(json.dumps, command["argv"])) for command in asked["commands"][: at + 1]]
                different.append(f"seed {seed}: {told}\n  model {ours}\n  real  {theirs}")
                break
    assert not different, f"{len(different)} of {MANY // 10} differ:\n" + "\n".join(different[:8])
